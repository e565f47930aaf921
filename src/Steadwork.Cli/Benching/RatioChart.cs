using System.Globalization;
using System.Net;
using System.Text;

namespace Steadwork.Cli.Benching;

/// <summary>A picture of ratios: a bar for each, a line where ours is as good as the floor, and at the end of each bar how far the ratios of its rounds went apart.</summary>
internal static class RatioChart
{
    private const int Letter = 7, Scale = 320, Row = 26, Top = 30, Bar = 14, Right = 70;

    // Readable on white and on black.
    private const string Ink = "#6e7781", Fill = "#7ab7ff", Faint = "#8b949e55";

    public static string Of(IReadOnlyList<Measured> measured)
    {
        var most = measured.Select(each => each.Ratio!.Value).Append(1.0).Max() * 1.05;
        var label = (measured.Select(each => each.Figure.Text.Length).Append(0).Max() * Letter) + 10;
        double X(double ratio) => label + (Math.Min(ratio, most) / most * Scale);
        var height = Top + (measured.Count * Row) + 10;
        var svg = new StringBuilder()
            .AppendLine(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{label + Scale + Right}\" height=\"{height}\" viewBox=\"0 0 {label + Scale + Right} {height}\" font-family=\"sans-serif\" font-size=\"13\" fill=\"{Ink}\" role=\"img\">")
            .AppendLine("<title>Ours against plain statements, or against what the line names; 1 is as fast</title>");
        for (var tick = 0.0; tick <= most; tick += 0.25)
        {
            svg.AppendLine(CultureInfo.InvariantCulture, $"<line x1=\"{X(tick):0}\" x2=\"{X(tick):0}\" y1=\"{Top - 8}\" y2=\"{height - 8}\" stroke=\"{(tick is 1 ? Ink : Faint)}\"/>")
                .AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{X(tick):0}\" y=\"{Top - 13}\" text-anchor=\"middle\">{tick:0.##}</text>");
        }
        foreach (var (place, each) in measured.Index())
        {
            var (ratio, middle) = (each.Ratio!.Value, Top + (place * Row) + (Row / 2));
            var (least, best) = (each.Ratios.Min(), each.Ratios.Max());
            svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{label - 10}\" y=\"{middle + 4}\" text-anchor=\"end\">{WebUtility.HtmlEncode(each.Figure.Text)}</text>")
                .AppendLine(CultureInfo.InvariantCulture, $"<rect x=\"{label}\" y=\"{middle - (Bar / 2)}\" width=\"{X(ratio) - label:0.#}\" height=\"{Bar}\" rx=\"2\" fill=\"{Fill}\"/>")
                .AppendLine(CultureInfo.InvariantCulture, $"<path d=\"M{X(least):0.#} {middle}H{X(best):0.#}M{X(least):0.#} {middle - 4}v8M{X(best):0.#} {middle - 4}v8\" stroke=\"{Ink}\" fill=\"none\"/>")
                .AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{label + Scale + 12}\" y=\"{middle + 4}\">{ratio:0.00}</text>");
        }
        return svg.AppendLine("</svg>").ToString();
    }
}

using System.Text.Encodings.Web;

namespace Steadwork.Cli.Outputs;

/// <summary>Leaves every character of a JSON string as it is, save those that JSON must escape and those that would act on a terminal.</summary>
internal sealed unsafe class ReadableJson : JavaScriptEncoder
{
    public static ReadableJson Encoder { get; } = new();

    public override int MaxOutputCharactersPerInputCharacter => UnsafeRelaxedJsonEscaping.MaxOutputCharactersPerInputCharacter;

    public override bool WillEncode(int unicodeScalar) => unicodeScalar is '"' or '\\' || PlainText.Acts(unicodeScalar);

    public override int FindFirstCharacterToEncode(char* text, int textLength)
    {
        for (var index = 0; index < textLength; index++)
        {
            if (char.IsHighSurrogate(text[index]) && index + 1 < textLength && char.IsLowSurrogate(text[index + 1]))
                index++;
            else if (char.IsSurrogate(text[index]) || WillEncode(text[index]))
                return index;
        }
        return -1;
    }

    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        // The relaxed encoder leaves the marks of direction as they are.
        if (unicodeScalar < 0x80 || !PlainText.Acts(unicodeScalar))
            return UnsafeRelaxedJsonEscaping.TryEncodeUnicodeScalar(unicodeScalar, buffer, bufferLength, out numberOfCharactersWritten);
        numberOfCharactersWritten = 0;
        if (!$"\\u{unicodeScalar:x4}".TryCopyTo(new Span<char>(buffer, bufferLength)))
            return false;
        numberOfCharactersWritten = 6;
        return true;
    }
}

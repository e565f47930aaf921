using Steadwork.PostgreSql.Connections;

namespace Steadwork.PostgreSql.WakeUps;

/// <summary>One notification.</summary>
internal sealed record Ring(string Channel, string Message)
{
    public void AddTo(Batch batch) => batch.Add("ring", Value.Of(Channel), Value.Of(Message));
}

using System.Diagnostics;
using System.Text.Json;
using Steadwork.Peers;

// quartz-peer ORDER: makes one measure of Quartz.NET and prints the answer, both as JSON.
var order = JsonSerializer.Deserialize<Order>(args[0], JsonSerializerOptions.Web)!;
// Whoever ordered it is gone: without this, a worker would go on for ever.
var orders = new Thread(() =>
{
    while (Console.In.Read() >= 0) { }
    Environment.Exit(1);
})
{ IsBackground = true };
orders.Start();

if (order.Work != "pickUps")
    await Tables.CreateAsync(order);
await using var store = await Store.OpenAsync(order);
var measures = new Measures(store, order);
if (order.Work == "pickUps")
{
    await store.WorkAsync(note => Console.WriteLine($"{note.Size} {Stopwatch.GetTimestamp()}"));
    Console.WriteLine(JsonSerializer.Serialize(await store.SaidAsync(), JsonSerializerOptions.Web));
    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
}
var answer = order.Work switch
{
    "enqueue" => await measures.EnqueueAsync(),
    "bulk" => await measures.BulkAsync(),
    "drain" => await measures.DrainAsync(),
    "pickUp" => await measures.PickUpAsync(args[0]),
    _ => throw new ArgumentException($"There is no work '{order.Work}'."),
};
Console.WriteLine(JsonSerializer.Serialize(answer with { Said = [await store.SaidAsync(), .. answer.Said ?? []] }, JsonSerializerOptions.Web));

using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace Steadwork.StoreTests.Fixtures;

/// <summary>A store in a database that a program writes to as well.</summary>
public interface IDatabaseFixture : IStoreFixture
{
    /// <summary>A connection of the program's, opened by its own driver. Its table <c>notes</c> has a column <c>text</c>.</summary>
    Task<DbConnection> ConnectAsync();

    /// <summary>A connection to a database that is not the store's.</summary>
    Task<DbConnection> ConnectElsewhereAsync();

    /// <summary>The same database by way of EF Core.</summary>
    NotesContext OpenContext();
}

public sealed class Note
{
    public int Id { get; set; }

    public required string Text { get; set; }
}

public sealed class NotesContext(DbContextOptions options, string? schema) : DbContext(options)
{
    public DbSet<Note> Notes => Set<Note>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.Entity<Note>(note =>
        {
            note.ToTable("notes", schema);
            note.Property(note => note.Id).HasColumnName("id");
            note.Property(note => note.Text).HasColumnName("text");
        });
}

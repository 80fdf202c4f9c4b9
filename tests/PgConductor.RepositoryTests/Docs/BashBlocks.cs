namespace PgConductor.RepositoryTests.Docs;

internal enum BashKind
{
    Unmarked,
    Run,
    NotRun,
}

/// <summary>How a bash block is marked.</summary>
internal static class BashBlocks
{
    public static BashKind Kind(CodeBlock block) =>
        block.LineBefore == "<!-- run -->" ? BashKind.Run
        : block.LineBefore.StartsWith("<!-- not run: ", StringComparison.Ordinal) && block.LineBefore.Length > "<!-- not run: x -->".Length ? BashKind.NotRun
        : BashKind.Unmarked;
}

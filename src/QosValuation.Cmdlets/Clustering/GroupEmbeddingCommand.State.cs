using System.Globalization;
using System.Management.Automation;
using QosValuation.Embeddings.Clustering;

namespace QosValuation.Cmdlets.Clustering;

/// <content>Saving and resuming.</content>
public sealed partial class GroupEmbeddingCommand
{
    private string? _statePath;
    private ClusteringState? _state;
    private readonly List<ClusteringState> _parts = [];
    private ClusteringState? _settings;

    /// <summary>
    /// Online: a file that the clustering goes on from, where it exists, and is saved to at the end. With -PassThru, embeddings whose label
    /// is not certain yet (of records that are alone so far, and of the last record, which may still grow) stay in the file and leave in a
    /// later run, or with -Complete. Without -PassThru the file holds all members, unless -WithoutMember leaves them out. -WhatIf groups,
    /// and leaves the file as it is.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? State { get; set; }

    /// <summary>
    /// Online with -State: this is the end of the input. Embeddings whose label was not certain leave too, those of records that stayed
    /// alone as Noise; the file is read and not written.
    /// </summary>
    [Parameter]
    public SwitchParameter Complete { get; set; }

    /// <summary>
    /// Online: the states of parts of a set, saved by -State without -PassThru and -WithoutMember, in place of embeddings; wildcards allowed. With -State the
    /// clustering of the whole is saved to a new file.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = "Merge")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] MergeState { get; set; } = [];

    /// <summary>With -MergeState: go on where shards are missing, as those in which no item fell.</summary>
    [Parameter(ParameterSetName = "Merge")]
    public SwitchParameter AllowMissing { get; set; }

    private void OpenParts()
    {
        if (MergeState.Length == 0)
        {
            return;
        }

        if (_state is not null)
        {
            throw new QosValuationException(
                Faults.FileExists, $"'{_statePath}' exists: name a new file for the clustering of the whole, or remove this one.", _statePath);
        }

        HashSet<string> paths = new(StringComparer.Ordinal);
        foreach (string named in MergeState)
        {
            // One that is not there would make the whole another.
            string[] found = [.. ResolvePaths([named], literal: false)];
            if (found.Length == 0)
            {
                throw new QosValuationException(
                    Faults.ShardsMissing, $"'{named}' names no state: nothing is merged, because it would not be the whole.", named);
            }

            _parts.AddRange(found.Where(paths.Add).Select(path => ClusteringState.Load(path, Cancellation)));
        }

        _settings = ClusteringMerge.RequireAlike(_parts);
        if ((SimilarityThreshold is { } similarity && similarity != (_settings.SimilarityThreshold ?? similarity))
            || (IsBound(nameof(NoveltyThreshold)) && NoveltyThreshold != _settings.NoveltyThreshold)
            || (IsBound(nameof(Search)) && Search != _settings.Search))
        {
            throw new QosValuationException(
                Faults.StateParameterMismatch,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The clustering states were made with a similarity threshold of {_settings.SimilarityThreshold}, a novelty threshold of "
                        + $"{_settings.NoveltyThreshold} and the search {_settings.Search}: use the same, or leave them out."),
                _settings.Path);
        }
    }

    private void Merge()
    {
        foreach (ClipEmbedding member in _parts.Count == 0 ? [] : ClusteringMerge.Members(_parts, AllowMissing, WriteWarning, Cancellation))
        {
            _clusterer!.Add(member);
            _meter!.Report(++_count);
        }
    }

    private void OpenState()
    {
        if (State is null)
        {
            if (Complete)
            {
                throw new QosValuationException(
                    Faults.CompleteNeedsState,
                    "-Complete ends a clustering that -State resumes: name its file, or leave -Complete out.",
                    nameof(Complete));
            }

            return;
        }

        _statePath = ResolveNewPath(State);
        if (System.IO.Path.Exists(_statePath))
        {
            _state = ClusteringState.Load(_statePath, Cancellation);
            WriteVerbose(string.Create(
                CultureInfo.CurrentCulture,
                $"Going on from '{_statePath}': {_state.RecordCount:N0} records at a similarity of {_state.SimilarityThreshold} and "
                + $"\u0393 = {_state.NoveltyThreshold}."));
        }
        else
        {
            WriteVerbose($"'{_statePath}' does not exist: a new clustering begins.");
        }
    }

    private EmbeddingClusterer Create(ClusteringOptions options)
    {
        Action<ClipEmbedding>? labelled = PassThru ? embedding => WriteRecord(EmbeddingLabel.Shown(embedding)) : null;
        return _state is null
            ? EmbeddingClusterer.Create(options, labelled, fault => WriteFault(fault))
            : _state.Resume(options, labelled, fault => WriteFault(fault));
    }

    private void Finish()
    {
        if (_statePath is null || Complete)
        {
            _clusterer!.Complete(Cancellation);
            return;
        }

        if (ShouldProcess(_statePath, "Save the clustering"))
        {
            ClusteringState.Save(_clusterer!, _statePath, _state, Cancellation);
        }

        _clusterer!.Pause(Cancellation);
    }
}

namespace QosValuation.Privacy.Accounting;

/// <summary>A release without any guarantee: its loss is infinite.</summary>
public sealed record NonFormalEvent : PrivacyEvent;

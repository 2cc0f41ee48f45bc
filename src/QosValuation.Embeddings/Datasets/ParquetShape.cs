namespace QosValuation.Embeddings.Datasets;

/// <summary>The types of the fields of a struct in a Parquet file's footer, as parquet.thrift of Apache Parquet's format 2.11 has them.</summary>
internal sealed class ParquetShape
{
    private const int Bool = 2;
    private const int Byte = 3;
    private const int I16 = 4;
    private const int I32 = 5;
    private const int I64 = 6;
    private const int Double = 7;
    private const int Binary = 8;
    private const int List = 9;
    private const int Struct = 12;

    private readonly Field?[] _fields;

    // The fields from 1 on; null for a number that is not given.
    private ParquetShape(params Field?[] fields) => _fields = fields;

    /// <summary>The whole footer.</summary>
    public static ParquetShape FileMetaData { get; } = MakeFooter();

    /// <summary>The field of a number; null where the format knows none.</summary>
    /// <param name="id">The number.</param>
    public Field? FieldOf(long id) => id > 0 && id <= _fields.Length ? _fields[id - 1] : null;

    private static ParquetShape MakeFooter()
    {
        Field number = new(I32);
        Field size = new(I64);
        Field text = new(Binary);
        Field flag = new(Bool);
        Field nothing = new(Struct, Inner: new ParquetShape());
        Field unit = OfStruct(nothing, nothing, nothing);
        Field time = OfStruct(flag, unit);
        Field logicalType = OfStruct(
            nothing, nothing, nothing, nothing, OfStruct(number, number), nothing, time, time, null, OfStruct(new Field(Byte), flag), nothing, nothing,
            nothing, nothing, nothing, OfStruct(new Field(Byte)), OfStruct(text), OfStruct(text, number));
        Field element = OfStruct(number, number, number, text, number, number, number, number, number, logicalType);
        Field pairs = OfList(OfStruct(text, text));
        Field statistics = OfStruct(text, text, size, size, text, text, flag, flag);
        Field sizes = OfStruct(size, OfList(size), OfList(size));
        Field box = new(Struct, Inner: new ParquetShape([.. Enumerable.Repeat(new Field(Double), 8)]));
        Field column = OfStruct(
            number, OfList(number), OfList(text), number, size, size, size, pairs, size, size, size, statistics,
            OfList(OfStruct(number, number, number)), size, number, sizes, OfStruct(box, OfList(number)));
        Field key = OfStruct(nothing, OfStruct(OfList(text), text));
        Field chunk = OfStruct(text, size, column, size, number, size, number, key, text);
        Field group = OfStruct(OfList(chunk), size, size, OfList(OfStruct(number, flag, flag)), size, size, new Field(I16));
        Field cipher = OfStruct(text, text, flag);
        return new ParquetShape(
            number, OfList(element), size, OfList(group), pairs, text, OfList(OfStruct(nothing)), OfStruct(cipher, cipher), text);
    }

    private static Field OfList(Field element) => new(List, Element: element);

    private static Field OfStruct(params Field?[] fields) => new(Struct, Inner: new ParquetShape(fields));

    /// <summary>A field.</summary>
    /// <param name="Type">Its type in Thrift's compact protocol.</param>
    /// <param name="Element">Of a list: what it holds.</param>
    /// <param name="Inner">Of a struct: its fields.</param>
    public sealed record Field(int Type, Field? Element = null, ParquetShape? Inner = null)
    {
        /// <summary>Whether the field may be of a type: a truth value is of one of two.</summary>
        /// <param name="type">The type that the file says.</param>
        public bool Takes(int type) => type == Type || (Type == Bool && type == 1);

        /// <summary>Whether its elements may be of a type.</summary>
        /// <param name="type">The type that the file says.</param>
        public bool TakesElement(int type) => Element is not null && Element.Takes(type);
    }
}

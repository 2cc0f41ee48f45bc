using QosValuation.Foundation.Randomness;

namespace QosValuation.Embeddings.Datasets.Scenes;

/// <summary>Draws the things a scene consists of. x is the middle, ground the line a thing stands on, in pixels.</summary>
internal static class SceneFigures
{
    private static readonly Colour White = new(250, 250, 250);
    private static readonly Colour Dark = new(35, 35, 40);

    /// <summary>Draws a person.</summary>
    public static void Person(
        SceneCanvas canvas, double x, double ground, double height,
        Colour top, Colour trousers, Colour skin, Colour hair, bool walking, bool armsUp)
    {
        double head = height * 0.085, shoulder = ground - height * 0.80, hip = ground - height * 0.46;
        double stride = height * (walking ? 0.16 : 0.06), limb = height * 0.085;
        Shadow(canvas, x, ground, height * 0.22);
        canvas.Line(x - height * 0.04, hip, x - stride, ground - limb / 2, limb * 1.15, trousers);
        canvas.Line(x + height * 0.04, hip, x + stride, ground - limb / 2, limb * 1.15, trousers.Scale(0.85));
        double hand = armsUp ? shoulder - height * 0.16 : hip + height * 0.02;
        canvas.Line(x - height * 0.11, shoulder + limb / 2, x - height * (armsUp ? 0.22 : 0.17), hand, limb * 0.8, top.Scale(0.9));
        canvas.Line(x + height * 0.11, shoulder + limb / 2, x + height * (armsUp ? 0.22 : 0.17), hand, limb * 0.8, top.Scale(0.9));
        canvas.Circle(x - height * (armsUp ? 0.22 : 0.17), hand, limb * 0.45, skin);
        canvas.Circle(x + height * (armsUp ? 0.22 : 0.17), hand, limb * 0.45, skin);
        canvas.Rectangle(x - height * 0.13, shoulder, height * 0.26, hip - shoulder + height * 0.04, top, height * 0.06);
        canvas.Rectangle(x - head * 0.35, shoulder - head * 0.6, head * 0.7, head, skin);
        canvas.Circle(x, shoulder - head * 1.25, head * 1.08, hair);
        canvas.Ellipse(x, shoulder - head * 1.05, head * 0.9, head * 0.95, skin);
    }

    /// <summary>Draws a dog from the side.</summary>
    public static void Dog(SceneCanvas canvas, double x, double ground, double length, Colour coat, bool facesLeft, bool running)
    {
        double d = facesLeft ? -1 : 1, height = length * 0.62;
        double belly = ground - height * 0.48;
        Shadow(canvas, x, ground, length * 0.5);
        double reach = length * (running ? 0.20 : 0.03);
        foreach ((double at, double side, double shade) in new[] { (-0.30, -1.0, 0.75), (0.24, 1.0, 0.75), (-0.24, 0.6, 1.0), (0.30, -0.6, 1.0) })
        {
            canvas.Line(x + d * at * length, belly, x + d * (at * length + side * reach), ground - length * 0.03, length * 0.085, coat.Scale(shade));
        }

        canvas.Line(x - d * length * 0.38, belly - height * 0.15, x - d * length * 0.56, belly - height * 0.45, length * 0.06, coat.Scale(0.9));
        canvas.Ellipse(x, belly - height * 0.06, length * 0.42, height * 0.25, coat);
        canvas.Ellipse(x, belly + height * 0.08, length * 0.34, height * 0.10, coat.Mix(White, 0.25));
        canvas.Line(x + d * length * 0.32, belly - height * 0.12, x + d * length * 0.44, belly - height * 0.40, length * 0.17, coat);
        canvas.Circle(x + d * length * 0.46, belly - height * 0.46, length * 0.135, coat);
        canvas.Ellipse(x + d * length * 0.60, belly - height * 0.41, length * 0.10, length * 0.06, coat.Mix(White, 0.15));
        canvas.Circle(x + d * length * 0.69, belly - height * 0.43, length * 0.028, Dark);
        canvas.Ellipse(x + d * length * 0.40, belly - height * 0.46, length * 0.055, length * 0.11, coat.Scale(0.65));
        canvas.Circle(x + d * length * 0.50, belly - height * 0.50, length * 0.02, Dark);
    }

    /// <summary>Draws a ball.</summary>
    public static void Ball(SceneCanvas canvas, double x, double ground, double radius, Colour colour)
    {
        Shadow(canvas, x, ground, radius * 1.1);
        canvas.Circle(x, ground - radius, radius, colour);
        canvas.Circle(x - radius * 0.3, ground - radius * 1.3, radius * 0.35, colour.Mix(White, 0.5));
    }

    /// <summary>Draws a broad-leaved tree.</summary>
    public static void Tree(SceneCanvas canvas, double x, double ground, double height, Colour leaves, RandomSource random)
    {
        Shadow(canvas, x, ground, height * 0.3);
        canvas.Rectangle(x - height * 0.05, ground - height * 0.45, height * 0.10, height * 0.45, new Colour(96, 66, 40));
        for (int i = 0; i < 7; i++)
        {
            double angle = i * 0.9, reach = i == 0 ? 0 : height * 0.17;
            canvas.Circle(
                x + reach * Math.Cos(angle) * 1.1,
                ground - height * 0.68 + reach * Math.Sin(angle),
                height * 0.19,
                leaves.Scale(0.82 + 0.36 * random.NextDouble()));
        }
    }

    /// <summary>Draws a conifer.</summary>
    public static void Pine(SceneCanvas canvas, double x, double ground, double height, Colour needles, bool snowy)
    {
        canvas.Rectangle(x - height * 0.035, ground - height * 0.2, height * 0.07, height * 0.2, new Colour(84, 58, 38));
        for (int i = 0; i < 3; i++)
        {
            double bottom = ground - height * (0.12 + 0.26 * i), top = bottom - height * 0.40, half = height * (0.24 - 0.055 * i);
            canvas.Polygon(needles.Scale(0.9 + 0.1 * i), (x - half, bottom), (x + half, bottom), (x, top));
            if (snowy)
            {
                canvas.Polygon(White, (x - half * 0.45, bottom - height * 0.22), (x + half * 0.45, bottom - height * 0.22), (x, top));
            }
        }
    }

    /// <summary>Draws a palm tree.</summary>
    public static void Palm(SceneCanvas canvas, double x, double ground, double height, double lean)
    {
        double top = ground - height, tip = x + lean * height * 0.25;
        canvas.Line(x, ground, (x + tip) / 2 - lean * height * 0.03, (ground + top) / 2, height * 0.06, new Colour(128, 96, 58));
        canvas.Line((x + tip) / 2 - lean * height * 0.03, (ground + top) / 2, tip, top, height * 0.05, new Colour(140, 104, 62));
        foreach ((double dx, double dy) in new[] { (-0.34, 0.02), (-0.26, 0.20), (0.34, 0.02), (0.26, 0.20), (-0.16, -0.14), (0.16, -0.14) })
        {
            canvas.Polygon(
                new Colour(46, 124, 52).Scale(1 - dy * 0.5),
                (tip, top - height * 0.03),
                (tip + dx * height, top + dy * height),
                (tip + dx * height * 0.4, top + dy * height * 0.3 + height * 0.05));
        }
    }

    /// <summary>Draws a cactus.</summary>
    public static void Cactus(SceneCanvas canvas, double x, double ground, double height)
    {
        var green = new Colour(58, 122, 66);
        Shadow(canvas, x, ground, height * 0.25);
        canvas.Line(x, ground - height * 0.05, x, ground - height * 0.93, height * 0.15, green);
        canvas.Line(x, ground - height * 0.38, x - height * 0.24, ground - height * 0.40, height * 0.11, green.Scale(0.9));
        canvas.Line(x - height * 0.24, ground - height * 0.40, x - height * 0.24, ground - height * 0.66, height * 0.11, green.Scale(0.9));
        canvas.Line(x, ground - height * 0.50, x + height * 0.24, ground - height * 0.52, height * 0.11, green.Scale(1.1));
        canvas.Line(x + height * 0.24, ground - height * 0.52, x + height * 0.24, ground - height * 0.78, height * 0.11, green.Scale(1.1));
    }

    /// <summary>Draws a house.</summary>
    public static void House(SceneCanvas canvas, double x, double ground, double width, Colour wall, Colour roof, bool lit)
    {
        double height = width * 0.55;
        Colour window = lit ? new Colour(255, 214, 110) : new Colour(120, 160, 190);
        canvas.Rectangle(x - width / 2, ground - height, width, height, wall);
        canvas.Polygon(roof, (x - width * 0.58, ground - height), (x + width * 0.58, ground - height), (x, ground - height - width * 0.38));
        canvas.Rectangle(x - width * 0.08, ground - height * 0.62, width * 0.16, height * 0.62, new Colour(92, 58, 40));
        canvas.Rectangle(x - width * 0.38, ground - height * 0.75, width * 0.18, height * 0.32, window);
        canvas.Rectangle(x + width * 0.20, ground - height * 0.75, width * 0.18, height * 0.32, window);
    }

    /// <summary>Draws a car from the side.</summary>
    public static void Car(SceneCanvas canvas, double x, double ground, double length, Colour paint)
    {
        double height = length * 0.36, wheel = length * 0.105;
        Shadow(canvas, x, ground, length * 0.5);
        canvas.Polygon(
            paint.Scale(0.92),
            (x - length * 0.32, ground - height * 0.58),
            (x - length * 0.20, ground - height),
            (x + length * 0.14, ground - height),
            (x + length * 0.30, ground - height * 0.58));
        canvas.Polygon(
            new Colour(168, 200, 220),
            (x - length * 0.26, ground - height * 0.60),
            (x - length * 0.17, ground - height * 0.92),
            (x + length * 0.11, ground - height * 0.92),
            (x + length * 0.23, ground - height * 0.60));
        canvas.Rectangle(x - length / 2, ground - height * 0.60, length, height * 0.42, paint, length * 0.06);
        canvas.Rectangle(x - length * 0.035, ground - height * 0.93, length * 0.03, height * 0.35, paint.Scale(0.92));
        foreach (double side in new[] { -0.29, 0.29 })
        {
            canvas.Circle(x + side * length, ground - wheel, wheel, Dark);
            canvas.Circle(x + side * length, ground - wheel, wheel * 0.45, new Colour(170, 170, 175));
        }

        canvas.Circle(x + length * 0.47, ground - height * 0.42, length * 0.03, new Colour(255, 240, 180));
    }

    /// <summary>Draws a sailing boat.</summary>
    public static void Boat(SceneCanvas canvas, double x, double waterline, double length, Colour hull, Colour sail)
    {
        double deck = waterline - length * 0.12;
        canvas.Line(x, deck, x, deck - length * 0.85, length * 0.035, new Colour(96, 70, 48));
        canvas.Polygon(sail, (x + length * 0.04, deck - length * 0.82), (x + length * 0.04, deck - length * 0.10), (x + length * 0.42, deck - length * 0.10));
        canvas.Polygon(
            sail.Scale(0.9),
            (x - length * 0.04, deck - length * 0.70),
            (x - length * 0.04, deck - length * 0.10),
            (x - length * 0.30, deck - length * 0.10));
        canvas.Polygon(
            hull,
            (x - length * 0.5, deck),
            (x + length * 0.5, deck),
            (x + length * 0.36, waterline + length * 0.05),
            (x - length * 0.36, waterline + length * 0.05));
        canvas.Ellipse(x, waterline + length * 0.08, length * 0.42, length * 0.025, White, 0.5);
    }

    /// <summary>Draws a swimmer seen from the side: head, arms and a splash.</summary>
    public static void Swimmer(SceneCanvas canvas, double x, double waterline, double size, Colour cap, Colour skin)
    {
        canvas.Line(x - size * 0.1, waterline, x - size * 0.55, waterline - size * 0.28, size * 0.14, skin);
        canvas.Line(x - size * 0.55, waterline - size * 0.28, x - size * 0.8, waterline, size * 0.12, skin);
        canvas.Ellipse(x + size * 0.35, waterline + size * 0.02, size * 0.5, size * 0.12, skin);
        canvas.Circle(x, waterline - size * 0.12, size * 0.2, skin);
        canvas.Ellipse(x, waterline - size * 0.2, size * 0.2, size * 0.14, cap);
        canvas.Ellipse(x, waterline + size * 0.14, size * 0.95, size * 0.09, White, 0.75);
        canvas.Ellipse(x + size * 0.9, waterline, size * 0.16, size * 0.12, White, 0.7);
    }

    /// <summary>Draws a parasol.</summary>
    public static void Parasol(SceneCanvas canvas, double x, double ground, double height, Colour cloth)
    {
        Shadow(canvas, x, ground, height * 0.4);
        canvas.Line(x, ground, x, ground - height * 0.9, height * 0.04, new Colour(225, 220, 205));
        double edge = ground - height * 0.62, top = ground - height;
        canvas.Polygon(cloth, (x - height * 0.55, edge), (x, top), (x + height * 0.55, edge));
        canvas.Polygon(White, (x - height * 0.2, edge), (x, top), (x + height * 0.2, edge));
    }

    /// <summary>Draws a cloud.</summary>
    public static void Cloud(SceneCanvas canvas, double x, double y, double width, Colour colour)
    {
        canvas.Ellipse(x, y, width * 0.5, width * 0.14, colour, 0.9);
        canvas.Ellipse(x - width * 0.18, y - width * 0.09, width * 0.2, width * 0.14, colour, 0.9);
        canvas.Ellipse(x + width * 0.1, y - width * 0.13, width * 0.24, width * 0.18, colour, 0.9);
    }

    /// <summary>Draws a row of mountains that spans the picture.</summary>
    public static void Mountains(SceneCanvas canvas, double foot, double height, Colour rock, bool snowCaps, RandomSource random)
    {
        int count = 3 + random.NextInt32(3);
        for (int i = 0; i < count; i++)
        {
            double x = canvas.Width * (i + 0.2 + 0.6 * random.NextDouble()) / count;
            double peak = height * (0.6 + 0.4 * random.NextDouble()), half = canvas.Width * (0.22 + 0.14 * random.NextDouble());
            canvas.Polygon(rock.Scale(0.85 + 0.3 * random.NextDouble()), (x - half, foot), (x + half, foot), (x, foot - peak));
            if (snowCaps)
            {
                double cut = 0.34;
                canvas.Polygon(
                    White,
                    (x - half * cut, foot - peak * (1 - cut)),
                    (x - half * cut * 0.3, foot - peak * (0.93 - cut)),
                    (x + half * cut * 0.3, foot - peak * (1.02 - cut)),
                    (x + half * cut, foot - peak * (1 - cut)),
                    (x, foot - peak));
            }
        }
    }

    private static void Shadow(SceneCanvas canvas, double x, double ground, double half) =>
        canvas.Ellipse(x, ground, half, half * 0.16, new Colour(20, 24, 36), 0.28);
}

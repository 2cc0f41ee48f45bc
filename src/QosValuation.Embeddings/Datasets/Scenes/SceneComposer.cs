using QosValuation.Foundation.Randomness;
using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Datasets.Scenes;

/// <summary>What kind of place a scene shows.</summary>
public enum ScenePlace
{
    /// <summary>Sand and sea.</summary>
    Beach,

    /// <summary>Snow before mountains.</summary>
    Snow,

    /// <summary>A green field.</summary>
    Meadow,

    /// <summary>A street with houses behind.</summary>
    Street,

    /// <summary>A lake with a wooded shore.</summary>
    Lake,

    /// <summary>The sun low over the sea.</summary>
    Sunset,

    /// <summary>A house under moon and stars.</summary>
    Night,

    /// <summary>A path between trees.</summary>
    Forest,

    /// <summary>Dunes and cacti.</summary>
    Desert,

    /// <summary>A swimming pool.</summary>
    Pool,
}

/// <summary>A drawing and what it truly shows.</summary>
/// <param name="Place">The kind of place.</param>
/// <param name="Svg">The drawing as an SVG document.</param>
/// <param name="Width">The width in pixels.</param>
/// <param name="Height">The height in pixels.</param>
/// <param name="Captions">Five different captions.</param>
public sealed record Scene(ScenePlace Place, string Svg, int Width, int Height, IReadOnlyList<string> Captions);

/// <summary>Composes scenes: a place, a light, things at drawn positions and sizes, and captions that name what was drawn.</summary>
public sealed class SceneComposer
{
    /// <summary>How often each place occurs by default, in the order of <see cref="ScenePlace"/>: common and rare ones.</summary>
    private static readonly double[] Shares = [16, 15, 16, 12, 10, 10, 8, 7, 4, 2];

    private static readonly (string Name, Colour Value)[] Clothes =
    [
        ("red", new(206, 40, 44)), ("blue", new(36, 84, 196)), ("yellow", new(238, 204, 52)), ("green", new(40, 146, 74)), ("orange", new(238, 128, 36)),
        ("white", new(240, 240, 240)), ("black", new(40, 40, 46)), ("pink", new(236, 120, 168)), ("purple", new(118, 62, 160)),
    ];

    private static readonly (string Name, Colour Value)[] Coats =
    [
        ("brown", new(126, 82, 46)), ("black", new(42, 40, 42)), ("white", new(236, 232, 224)), ("tan", new(200, 160, 106)), ("grey", new(134, 132, 134)),
    ];

    private static readonly Colour[] Skins = [new(240, 202, 172), new(214, 166, 126), new(160, 112, 78), new(98, 66, 46)];
    private static readonly Colour[] Hairs = [new(40, 30, 26), new(96, 62, 36), new(196, 160, 96), new(120, 120, 124)];

    private readonly RandomSource _random;
    private readonly SceneCanvas _canvas;
    private readonly ScenePlace _place;
    private readonly List<Thing> _things = [];
    private readonly Colour _light;
    private readonly bool _grey;
    private readonly double _unit;
    private readonly double _horizon;
    private bool _moonOnLeft;
    private string _sky = string.Empty;

    private SceneComposer(RandomSource random, int longestEdge, ScenePlace place)
    {
        _random = random;
        _place = place;
        (double across, double down) = random.NextInt32(4) switch
        {
            0 => (0.75, 1.0),
            1 => (1.0, 1.0),
            2 => (1.0, 0.667),
            _ => (1.0, 0.75),
        };
        _grey = place is ScenePlace.Beach or ScenePlace.Snow or ScenePlace.Meadow or ScenePlace.Street or ScenePlace.Lake && random.NextDouble() < 0.25;
        double brightness = 0.86 + 0.22 * random.NextDouble(), warmth = 0.08 * (random.NextDouble() - 0.5);
        _light = _grey ? new Colour(0.84, 0.86, 0.90).Scale(brightness) : new Colour(1 + warmth, 1, 1 - warmth).Scale(brightness);
        _canvas = new SceneCanvas((int)Math.Round(longestEdge * across), (int)Math.Round(longestEdge * down), _light);
        _unit = Math.Min(_canvas.Width, _canvas.Height);
        _horizon = _canvas.Height * Between(0.34, 0.52);
    }

    private double W => _canvas.Width;

    private double H => _canvas.Height;

    /// <summary>Draws a place by its default share.</summary>
    /// <param name="random">The generator.</param>
    /// <returns>The place.</returns>
    public static ScenePlace DrawPlace(RandomSource random)
    {
        double at = random.NextDouble() * Shares.Sum();
        for (int i = 0; i < Shares.Length; i++)
        {
            at -= Shares[i];
            if (at < 0)
            {
                return (ScenePlace)i;
            }
        }

        return ScenePlace.Beach;
    }

    /// <summary>Composes one scene.</summary>
    /// <param name="random">Every choice comes from here.</param>
    /// <param name="longestEdge">The longer side in pixels; the aspect ratio is 4:3, 3:2, 1:1 or 3:4.</param>
    /// <param name="place">The kind of place.</param>
    /// <returns>Drawing and captions.</returns>
    public static Scene Compose(RandomSource random, int longestEdge, ScenePlace place)
    {
        var composer = new SceneComposer(random, longestEdge, place);
        composer.DrawBackground();
        composer.AddThings();
        foreach (Thing thing in composer._things.OrderBy(t => t.Ground))
        {
            thing.Draw();
        }

        composer.DrawForeground();
        return new Scene(place, composer._canvas.ToSvg(), composer._canvas.Width, composer._canvas.Height, composer.WriteCaptions());
    }

    private void DrawBackground()
    {
        switch (_place)
        {
            case ScenePlace.Beach:
                DaySky();
                Sea(_horizon, Math.Min(H, _horizon + H * 0.22));
                _canvas.Gradient(0, _horizon + H * 0.20, W, H, new Colour(222, 196, 142), new Colour(238, 216, 166));
                _canvas.Ellipse(W / 2, _horizon + H * 0.205, W * 0.8, H * 0.018, new Colour(248, 250, 250), 0.85);
                Specks(120, _horizon + H * 0.24, H, new Colour(196, 168, 116), 0.006);
                break;
            case ScenePlace.Snow:
                DaySky();
                SceneFigures.Mountains(_canvas, _horizon + H * 0.04, H * 0.34, new Colour(116, 130, 156), snowCaps: true, _random);
                _canvas.Gradient(0, _horizon, W, H - _horizon, new Colour(226, 234, 246), new Colour(250, 252, 255));
                for (int i = 0; i < 5; i++)
                {
                    _canvas.Ellipse(Between(0, W), Between(_horizon + H * 0.05, H), W * Between(0.2, 0.5), H * 0.02, new Colour(206, 218, 236), 0.6);
                }

                break;
            case ScenePlace.Meadow:
                DaySky();
                _canvas.Ellipse(Between(0, W), _horizon + H * 0.05, W * 0.6, H * Between(0.06, 0.14), new Colour(76, 128, 66));
                _canvas.Gradient(0, _horizon, W, H - _horizon, new Colour(112, 164, 70), new Colour(70, 132, 46));
                Blades(260);
                break;
            case ScenePlace.Street:
                DaySky();
                Buildings();
                _canvas.Rectangle(0, _horizon + H * 0.10, W, H, new Colour(150, 148, 146));
                _canvas.Rectangle(0, _horizon + H * 0.18, W, H, new Colour(84, 84, 88));
                for (double x = -Between(0, 0.1) * W; x < W; x += W * 0.2)
                {
                    _canvas.Rectangle(x, _horizon + (H - _horizon) * 0.62, W * 0.11, H * 0.014, new Colour(232, 226, 200));
                }

                break;
            case ScenePlace.Lake:
                DaySky();
                SceneFigures.Mountains(_canvas, _horizon + H * 0.02, H * 0.20, new Colour(86, 118, 112), snowCaps: false, _random);
                _canvas.Rectangle(0, _horizon, W, H * 0.04, new Colour(46, 84, 56));
                for (double x = 0; x < W; x += W * 0.045)
                {
                    SceneFigures.Pine(_canvas, x, _horizon + H * 0.035, H * Between(0.07, 0.13), new Colour(40, 84, 58), snowy: false);
                }

                _canvas.Gradient(0, _horizon + H * 0.03, W, H, new Colour(96, 150, 176), new Colour(30, 76, 116));
                Ripples(_horizon + H * 0.06, H, new Colour(176, 206, 220), 60);
                break;
            case ScenePlace.Sunset:
                Sunset();
                break;
            case ScenePlace.Night:
                Night();
                break;
            case ScenePlace.Forest:
                Forest();
                break;
            case ScenePlace.Desert:
                DaySky();
                _canvas.Rectangle(0, _horizon, W, H * 0.05, new Colour(214, 146, 86));
                _canvas.Ellipse(W * Between(0.1, 0.4), _horizon + H * 0.10, W * 0.55, H * 0.16, new Colour(206, 138, 80));
                _canvas.Ellipse(W * Between(0.6, 0.9), _horizon + H * 0.10, W * 0.5, H * 0.12, new Colour(216, 148, 88));
                _canvas.Gradient(0, _horizon + H * 0.04, W, H, new Colour(214, 146, 86), new Colour(236, 182, 116));
                for (int i = 0; i < 7; i++)
                {
                    _canvas.Ellipse(Between(0, W), Between(_horizon + H * 0.12, H), W * Between(0.15, 0.4), H * 0.012, new Colour(190, 122, 68), 0.5);
                }

                break;
            default:
                Pool();
                break;
        }
    }

    private void DaySky()
    {
        if (_grey)
        {
            _canvas.Gradient(0, 0, W, _horizon + 1, new Colour(168, 174, 184), new Colour(206, 210, 214));
            _sky = "under a grey sky";
            return;
        }

        Colour top = new Colour(58, 122, 212).Mix(new Colour(104, 164, 232), _random.NextDouble());
        _canvas.Gradient(0, 0, W, _horizon + 1, top, new Colour(186, 216, 242));
        _sky = "under a blue sky";
        if (_random.NextDouble() < 0.4)
        {
            double x = W * Between(0.12, 0.88), y = _horizon * Between(0.18, 0.4);
            _canvas.Circle(x, y, _unit * 0.085, new Colour(255, 246, 190), 0.5);
            _canvas.Circle(x, y, _unit * 0.055, new Colour(255, 236, 120));
            _sky = "under a bright sun";
        }
        else if (_random.NextDouble() < 0.5)
        {
            int clouds = 2 + _random.NextInt32(3);
            for (int i = 0; i < clouds; i++)
            {
                SceneFigures.Cloud(_canvas, W * Between(0, 1), _horizon * Between(0.15, 0.65), W * Between(0.18, 0.38), new Colour(250, 251, 253));
            }

            _sky = "under white clouds";
        }
    }

    private void Sea(double top, double bottom)
    {
        _canvas.Gradient(0, top, W, bottom - top, new Colour(28, 92, 156), new Colour(64, 158, 190));
        Ripples(top + H * 0.01, bottom, new Colour(214, 234, 242), 40);
    }

    private void Ripples(double top, double bottom, Colour colour, int count)
    {
        for (int i = 0; i < count; i++)
        {
            double y = Between(top, bottom), depth = (y - top) / (bottom - top);
            _canvas.Ellipse(Between(0, W), y, W * (0.02 + 0.05 * depth), H * 0.003, colour, 0.55);
        }
    }

    private void Specks(int count, double top, double bottom, Colour colour, double radius)
    {
        for (int i = 0; i < count; i++)
        {
            _canvas.Circle(Between(0, W), Between(top, bottom), _unit * radius * Between(0.4, 1), colour, 0.7);
        }
    }

    private void Blades(int count)
    {
        for (int i = 0; i < count; i++)
        {
            double y = Between(_horizon + H * 0.02, H), length = _unit * 0.035 * (0.3 + (y - _horizon) / (H - _horizon)), x = Between(0, W);
            _canvas.Line(x, y, x + Between(-0.3, 0.3) * length, y - length, _unit * 0.004, new Colour(46, 104, 36).Scale(Between(0.8, 1.6)), 0.8);
        }
    }

    private void Buildings()
    {
        double x = -W * Between(0, 0.1);
        while (x < W)
        {
            double width = W * Between(0.14, 0.26), height = _horizon * Between(0.55, 0.97), top = _horizon + H * 0.10 - height;
            Colour wall = _random.NextInt32(4) switch
            {
                0 => new Colour(164, 92, 74),
                1 => new Colour(186, 176, 160),
                2 => new Colour(128, 134, 144),
                _ => new Colour(206, 190, 150),
            };
            _canvas.Rectangle(x, top, width, height, wall.Scale(Between(0.85, 1.1)));
            double step = _unit * 0.085;
            for (double wy = top + step * 0.5; wy < _horizon; wy += step)
            {
                for (double wx = x + step * 0.4; wx + step * 0.5 < x + width; wx += step)
                {
                    _canvas.Rectangle(wx, wy, step * 0.45, step * 0.55, new Colour(84, 104, 128));
                }
            }

            x += width;
        }
    }

    private void Sunset()
    {
        _canvas.Gradient(0, 0, W, _horizon, new Colour(88, 60, 122), new Colour(250, 148, 62));
        double x = W * Between(0.25, 0.75), y = _horizon - _unit * Between(0.01, 0.12);
        _canvas.Circle(x, y, _unit * 0.16, new Colour(255, 196, 96), 0.45);
        _canvas.Circle(x, y, _unit * 0.09, new Colour(255, 228, 140));
        _canvas.Gradient(0, _horizon, W, H - _horizon, new Colour(214, 112, 64), new Colour(44, 34, 66));
        for (int i = 0; i < 26; i++)
        {
            double wy = Between(_horizon, H * 0.82);
            _canvas.Ellipse(x + Between(-0.5, 0.5) * _unit * 0.2, wy, _unit * Between(0.02, 0.08), H * 0.004, new Colour(255, 214, 140), 0.75);
        }

        _canvas.Ellipse(W / 2, H * 1.02, W * 0.8, H * 0.19, new Colour(28, 22, 34));
        _sky = "at sunset";
    }

    private void Night()
    {
        _canvas.Gradient(0, 0, W, _horizon + 1, new Colour(8, 12, 36), new Colour(30, 40, 82));
        for (int i = 0; i < 90; i++)
        {
            _canvas.Circle(Between(0, W), Between(0, _horizon), _unit * 0.004 * Between(0.4, 1.2), new Colour(240, 240, 255), Between(0.5, 1));
        }

        _moonOnLeft = _random.NextDouble() < 0.5;
        double x = W * (_moonOnLeft ? Between(0.1, 0.3) : Between(0.7, 0.9)), y = _horizon * Between(0.2, 0.4);
        _canvas.Circle(x, y, _unit * 0.09, new Colour(200, 206, 230), 0.25);
        _canvas.Circle(x, y, _unit * 0.06, new Colour(236, 236, 220));
        _canvas.Gradient(0, _horizon, W, H - _horizon, new Colour(18, 30, 34), new Colour(12, 20, 22));
        _sky = "under the moon and stars";
    }

    private void Forest()
    {
        _canvas.Gradient(0, 0, W, H, new Colour(150, 186, 138), new Colour(46, 82, 42));
        for (int row = 0; row < 3; row++)
        {
            int trees = 7 + row;
            for (int i = 0; i < trees; i++)
            {
                double x = W * (i + Between(0, 1)) / trees, ground = _horizon + H * (0.04 + 0.06 * row);
                Colour needles = new Colour(66, 116, 66).Mix(new Colour(24, 62, 36), row / 2.0);
                SceneFigures.Pine(_canvas, x, ground, H * (0.38 + 0.14 * row) * Between(0.8, 1.15), needles, snowy: false);
            }
        }

        _canvas.Gradient(0, _horizon + H * 0.14, W, H, new Colour(58, 92, 44), new Colour(76, 70, 40));
        double middle = W * Between(0.4, 0.6);
        _canvas.Polygon(
            new Colour(150, 122, 84),
            (middle - W * 0.03, _horizon + H * 0.14),
            (middle + W * 0.03, _horizon + H * 0.14),
            (middle + W * 0.26, H),
            (middle - W * 0.26, H));
        Blades(90);
        _sky = "among tall trees";
    }

    private void Pool()
    {
        _canvas.Gradient(0, 0, W, _horizon, new Colour(214, 220, 222), new Colour(188, 198, 204));
        _canvas.Rectangle(0, _horizon * 0.78, W, H, new Colour(226, 220, 206));
        _canvas.Gradient(0, _horizon * 0.95, W, H, new Colour(70, 190, 222), new Colour(24, 128, 196));
        for (int lane = 1; lane < 5; lane++)
        {
            double y = _horizon + (H - _horizon) * lane / 5;
            for (int i = 0; i < 22; i++)
            {
                _canvas.Ellipse(W * (i + 0.5) / 22, y, W * 0.017, H * 0.007, i % 2 == 0 ? new Colour(220, 60, 56) : new Colour(244, 244, 244));
            }
        }

        Ripples(_horizon * 1.02, H, new Colour(190, 236, 246), 50);
        _sky = "with clear blue water";
    }

    private void DrawForeground()
    {
        if (_place == ScenePlace.Snow && _grey)
        {
            Specks(170, 0, H, new Colour(255, 255, 255), 0.012);
            _sky = "while snow falls";
        }
    }

    private void AddThings()
    {
        switch (_place)
        {
            case ScenePlace.Beach:
                Chance(0.35, () => AddBoat(_horizon + H * 0.05));
                Actors(people: 0.75, dog: 0.5, ball: 0.3, "shirt");
                Chance(0.35, () => AddParasol());
                Chance(0.35, () => AddPalm());
                break;
            case ScenePlace.Snow:
                AddPines(snowy: true);
                Actors(people: 0.85, dog: 0.3, ball: 0, "jacket");
                break;
            case ScenePlace.Meadow:
                Chance(0.5, () => AddTree());
                Chance(0.3, () => AddHouse());
                Actors(people: 0.45, dog: 0.8, ball: 0.5, "shirt");
                break;
            case ScenePlace.Street:
                AddCar();
                Chance(0.35, () => AddCar());
                Actors(people: 0.8, dog: 0.2, ball: 0, "coat");
                break;
            case ScenePlace.Lake:
                AddBoat(_horizon + H * Between(0.14, 0.3));
                Chance(0.4, () => AddBoat(_horizon + H * Between(0.3, 0.42)));
                Chance(0.4, () => AddSwimmer());
                break;
            case ScenePlace.Sunset:
                if (_random.NextDouble() < 0.6)
                {
                    AddSilhouettes();
                }
                else
                {
                    AddBoat(_horizon + H * Between(0.08, 0.2), dark: true);
                }

                break;
            case ScenePlace.Night:
                AddHouse(lit: true);
                Chance(0.6, () => AddPines(snowy: false));
                Chance(0.4, () => AddCar());
                break;
            case ScenePlace.Forest:
                Actors(people: 0.8, dog: 0.6, ball: 0, "jacket");
                break;
            case ScenePlace.Desert:
                AddCactus();
                Chance(0.7, () => AddCactus());
                Actors(people: 0.5, dog: 0, ball: 0, "shirt");
                break;
            default:
                AddSwimmer();
                Chance(0.5, () => AddSwimmer());
                break;
        }
    }

    private void Actors(double people, double dog, double ball, string garment)
    {
        bool any = false;
        if (_random.NextDouble() < people)
        {
            any = true;
            AddPerson(garment);
            Chance(0.3, () => AddPerson(garment));
        }

        if (_random.NextDouble() < dog)
        {
            any = true;
            AddDog();
            Chance(0.2, () => AddDog());
        }

        if (!any && dog > 0)
        {
            AddDog();
        }

        if (any)
        {
            Chance(ball, AddBall);
        }
    }

    private void AddPerson(string garment)
    {
        bool child = _random.NextDouble() < 0.3, walking = _random.NextDouble() < 0.5, arms = _random.NextDouble() < 0.2;
        (double x, double ground) = Place(0.16, 0.42);
        double height = Depth(ground) * _unit * (child ? 0.34 : 0.52) * Between(0.85, 1.15);
        (string colour, Colour top) = Pick(Clothes);
        Colour trousers = Pick(Clothes).Value.Mix(new Colour(50, 56, 84), 0.6), skin = Pick(Skins), hair = Pick(Hairs);
        string noun = child ? "child" : "person";
        Add(new Thing(noun, $"a {noun} in {Article(colour)} {garment}",
            walking ? "walks" : arms ? "waves" : "stands", walking ? "walking" : arms ? "waving" : "standing", x / W, ground, 3)
        {
            Draw = () => SceneFigures.Person(_canvas, x, ground, height, top, trousers, skin, hair, walking, arms),
        });
    }

    private void AddSilhouettes()
    {
        int count = 1 + _random.NextInt32(3);
        double x = W * Between(0.25, 0.6), ground = H * 0.87;
        var dark = new Colour(22, 18, 28);
        for (int i = 0; i < count; i++)
        {
            double at = x + i * _unit * 0.2, height = _unit * Between(0.36, 0.46);
            bool walking = _random.NextDouble() < 0.5;
            Add(new Thing("person", "a person", walking ? "walks" : "stands", walking ? "walking" : "standing", at / W, ground, 3)
            {
                Draw = () => SceneFigures.Person(_canvas, at, ground, height, dark, dark, dark, dark, walking, armsUp: false),
            });
        }
    }

    private void AddDog()
    {
        bool running = _random.NextDouble() < 0.6, left = _random.NextDouble() < 0.5;
        (double x, double ground) = Place(0.2, 0.45);
        double length = Depth(ground) * _unit * 0.34 * Between(0.8, 1.15);
        x = Math.Clamp(x, length * 0.7, W - length * 0.7);
        (string colour, Colour coat) = Pick(Coats);
        Add(new Thing("dog", $"a {colour} dog", running ? "runs" : "stands", running ? "running" : "standing", x / W, ground, 3)
        {
            Draw = () => SceneFigures.Dog(_canvas, x, ground, length, coat, left, running),
        });
    }

    private void AddBall()
    {
        (double x, double ground) = Place(0.15, 0.45);
        double radius = Depth(ground) * _unit * 0.045 * Between(0.8, 1.3);
        (string colour, Colour paint) = Pick(Clothes);
        Add(new Thing("ball", $"{Article(colour)} ball", "lies", "lying", x / W, ground, 2)
        {
            Draw = () => SceneFigures.Ball(_canvas, x, ground, radius, paint),
        });
    }

    private void AddBoat(double waterline, bool dark = false)
    {
        double x = W * Between(0.2, 0.8), length = Depth(waterline) * _unit * (_place == ScenePlace.Beach ? 0.20 : 0.34) * Between(0.85, 1.15);
        (string colour, Colour sail) = Pick(Clothes);
        Colour hull = dark ? new Colour(30, 24, 34) : new Colour(130, 84, 52);
        Add(new Thing("boat", dark ? "a sailing boat" : $"a boat with {Article(colour)} sail", "floats", "floating", x / W, waterline, 2)
        {
            Draw = () => SceneFigures.Boat(_canvas, x, waterline, length, hull, dark ? new Colour(46, 34, 46) : sail),
            OnWater = true,
        });
    }

    private void AddSwimmer()
    {
        double x = W * Between(0.25, 0.75), waterline = _horizon + (H - _horizon) * Between(0.35, 0.8), size = _unit * Between(0.12, 0.2);
        (string colour, Colour cap) = Pick(Clothes);
        Colour skin = Pick(Skins);
        Add(new Thing("swimmer", $"a swimmer in {Article(colour)} cap", "swims", "swimming", x / W, waterline, 3)
        {
            Draw = () => SceneFigures.Swimmer(_canvas, x, waterline, size, cap, skin),
            OnWater = true,
        });
    }

    private void AddCar()
    {
        double x = Place(0, 0).X, ground = _place == ScenePlace.Street ? _horizon + (H - _horizon) * Between(0.48, 0.8) : H * Between(0.8, 0.92);
        double length = _unit * Between(0.42, 0.6);
        x = Math.Clamp(x, length * 0.52, W - length * 0.52);
        (string colour, Colour paint) = Pick(Clothes);
        Add(new Thing("car", $"{Article(colour)} car", "is parked", "parked", x / W, ground, 2)
        {
            Draw = () => SceneFigures.Car(_canvas, x, ground, length, paint),
        });
    }

    private void AddHouse(bool lit = false)
    {
        double x = W * (!lit ? Between(0.25, 0.75) : _moonOnLeft ? Between(0.6, 0.72) : Between(0.28, 0.4));
        double ground = _horizon + H * (lit ? Between(0.1, 0.2) : Between(0.02, 0.06));
        double width = _unit * (lit ? Between(0.42, 0.55) : Between(0.2, 0.3));
        (string colour, Colour roof) = _random.NextInt32(2) == 0 ? ("red", new Colour(172, 62, 48)) : ("grey", new Colour(104, 104, 112));
        Colour wall = lit ? new Colour(74, 70, 82) : new Colour(236, 226, 206);
        Add(new Thing("house", lit ? "a house with lit windows" : $"a house with a {colour} roof", "stands", "standing", x / W, ground, 1)
        {
            Draw = () => SceneFigures.House(_canvas, x, ground, width, wall, lit ? roof.Scale(0.4) : roof, lit),
        });
    }

    private void AddTree()
    {
        (double x, double ground) = Place(0.05, 0.2);
        double height = _unit * Between(0.35, 0.5);
        Colour leaves = new Colour(52, 112, 44).Mix(new Colour(96, 142, 52), _random.NextDouble());
        RandomSource random = _random;
        Add(new Thing("tree", "a green tree", "grows", "growing", x / W, ground, 1)
        {
            Draw = () => SceneFigures.Tree(_canvas, x, ground, height, leaves, random),
        });
    }

    private void AddPines(bool snowy)
    {
        int count = 1 + _random.NextInt32(4);
        for (int i = 0; i < count; i++)
        {
            (double x, double ground) = (W * Between(0.04, 0.96), _horizon + H * Between(0.04, 0.16));
            double height = _unit * Between(0.26, 0.42);
            Colour needles = snowy ? new Colour(44, 88, 66) : new Colour(14, 34, 28);
            Add(new Thing("pine tree", "a pine tree", "grows", "growing", x / W, ground, 1)
            {
                Draw = () => SceneFigures.Pine(_canvas, x, ground, height, needles, snowy),
            });
        }
    }

    private void AddPalm()
    {
        double x = W * (_random.NextInt32(2) == 0 ? Between(0.06, 0.22) : Between(0.78, 0.94));
        double ground = _horizon + H * Between(0.26, 0.36);
        double height = _unit * Between(0.45, 0.6);
        double lean = Between(-1, 1);
        Add(new Thing("palm tree", "a palm tree", "grows", "growing", x / W, ground, 1) { Draw = () => SceneFigures.Palm(_canvas, x, ground, height, lean) });
    }

    private void AddParasol()
    {
        (double x, double ground) = Place(0.28, 0.4);
        double height = _unit * Between(0.28, 0.36);
        (string colour, Colour cloth) = Pick(Clothes);
        Add(new Thing("parasol", $"{Article(colour)} parasol", "stands", "standing", x / W, ground, 1)
        {
            Draw = () => SceneFigures.Parasol(_canvas, x, ground, height, cloth),
        });
    }

    private void AddCactus()
    {
        (double x, double ground) = Place(0.12, 0.35);
        double height = _unit * Between(0.28, 0.46);
        Add(new Thing("cactus", "a green cactus", "grows", "growing", x / W, ground, 1) { Draw = () => SceneFigures.Cactus(_canvas, x, ground, height) });
    }

    /// <summary>Captions fit the 32 tokens of the built-in encoder's context.</summary>
    private const int MostNamedThings = 3;

    private string[] WriteCaptions()
    {
        (string scene, string within, string on) = _place switch
        {
            ScenePlace.Beach => ("a sandy beach by the sea", "at a sandy beach by the sea", "on the beach"),
            ScenePlace.Snow => ("a snowy field before mountains", "in a snowy field before mountains", "in the snow"),
            ScenePlace.Meadow => ("a green field", "in a green field", "on the grass"),
            ScenePlace.Street => ("a city street with buildings", "in a city street with buildings", "in the street"),
            ScenePlace.Lake => ("a lake with trees on its shore", "at a lake with trees on its shore", "by the lake"),
            ScenePlace.Sunset => ("the sea", "by the sea as the sun goes down", "by the sea"),
            ScenePlace.Night => ("a dark night", "in the dark of the night", "at night"),
            ScenePlace.Forest => ("a path through a forest", "on a path through a forest", "in the forest"),
            ScenePlace.Desert => ("a sandy desert", "in a sandy desert", "in the desert"),
            _ => ("a swimming pool", "in a swimming pool", "in the pool"),
        };

        // Liveliest first; what is on the water is said to be there.
        List<Thing> things = [.. _things.OrderByDescending(t => t.Weight)];
        string On(Thing thing) => !thing.OnWater ? on : _place switch
        {
            ScenePlace.Lake => thing.Noun == "swimmer" ? "in the lake" : "on the lake",
            ScenePlace.Pool => "in the pool",
            _ => "on the sea",
        };
        List<string> captions = [];
        if (things.Count == 0)
        {
            captions.AddRange([$"{scene} {_sky}", $"an empty view of {scene}", $"nobody {within}", $"{scene} without people", $"a view of {scene} {_sky}"]);
        }
        else
        {
            Thing main = things[0];
            List<string> groups = Groups(things);
            string all = Join([.. groups.Take(MostNamedThings)]);
            captions.Add($"{main.Phrase} {main.Verb} {On(main)}");
            captions.Add($"{all} {within}");
            captions.Add($"{scene} {_sky}, with {all}");
            Thing? other = things.Skip(1).FirstOrDefault(t => Math.Abs(t.X - main.X) > 0.15);
            captions.Add(other is null
                ? $"there is {main.Phrase} {Position(main)} of the picture"
                : main.X < other.X
                    ? $"{main.Phrase} is to the left of {Another(main, other)}"
                    : $"{main.Phrase} is to the right of {Another(main, other)}");
            captions.Add($"{main.Phrase} {main.Gerund} {On(main)} {_sky}");
            captions.Add($"a picture of {scene} and {main.Phrase}");
        }

        return [.. captions.Select(Sentence).Distinct(StringComparer.Ordinal).Take(5)];
    }

    private static string Another(Thing main, Thing other) => other.Phrase == main.Phrase ? "another " + other.Noun : other.Phrase;

    private static string Position(Thing thing) => thing.X < 0.38 ? "on the left" : thing.X > 0.62 ? "on the right" : "in the middle";

    /// <summary>Things of one kind are counted: "two dogs", "a red ball".</summary>
    private static List<string> Groups(List<Thing> things) =>
        [.. things.GroupBy(t => t.Noun).Select(g => g.Count() switch
        {
            1 => g.First().Phrase,
            2 => "two " + Plural(g.Key),
            3 => "three " + Plural(g.Key),
            _ => "four " + Plural(g.Key),
        })];

    private static string Plural(string noun) => noun switch
    {
        "person" => "people",
        "child" => "children",
        "cactus" => "cacti",
        _ => noun + "s",
    };

    private static string Join(List<string> parts) => parts.Count == 1 ? parts[0] : string.Join(", ", parts.Take(parts.Count - 1)) + " and " + parts[^1];

    private static string Article(string colour) => (colour[0] is 'o' ? "an " : "a ") + colour;

    private static string Sentence(string text) => char.ToUpperInvariant(text[0]) + text[1..] + ".";

    /// <summary>A place on the ground, at a share of the way from the horizon to the lower edge.</summary>
    private (double X, double Ground) Place(double nearest, double farthest)
    {
        double x = W * Between(0.18, 0.82), best = 0;

        // Things keep apart, so that none hides another: of several draws the one with the most room counts.
        for (int i = 0; i < 8 && best < _unit * 0.3; i++)
        {
            double candidate = W * Between(0.14, 0.86);
            double room = _things.Count == 0 ? W : _things.Min(t => Math.Abs(t.X * W - candidate));
            if (room > best)
            {
                (x, best) = (candidate, room);
            }
        }

        return (x, Math.Min(H * 0.97, _horizon + (H - _horizon) * Between(0.3 + nearest, 0.5 + farthest)));
    }

    /// <summary>How much larger things are towards the lower edge.</summary>
    private double Depth(double ground) => 0.55 + 0.75 * Math.Clamp((ground - _horizon) / (H - _horizon), 0, 1);

    private void Add(Thing thing) => _things.Add(thing);

    private void Chance(double probability, Action action)
    {
        if (_random.NextDouble() < probability)
        {
            action();
        }
    }

    private double Between(double low, double high) => low + (high - low) * _random.NextDouble();

    private T Pick<T>(T[] choices) => choices[_random.NextInt32(choices.Length)];

    /// <summary>Something that was drawn, and the words for it.</summary>
    private sealed record Thing(string Noun, string Phrase, string Verb, string Gerund, double X, double Ground, int Weight)
    {
        public required Action Draw { get; init; }

        public bool OnWater { get; init; }
    }
}

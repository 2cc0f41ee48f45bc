// Turns one figure of the report's model into an Apache ECharts option. The page and the renderer of SVG files share it,
// so a figure looks the same in both. ECMAScript 5: the renderer's engine knows little more.
var qosFigure = (function () {
  'use strict';

  // Okabe and Ito's palette; on white the light hues are darkened until they stand out by 3:1.
  var themes = {
    light: {
      text: '#1f2328', muted: '#57606a', line: '#8c959f', grid: '#e4e7eb', paper: '#ffffff',
      colors: ['#0072b2', '#c94f00', '#008060', '#a3478a', '#946800', '#2a7fb8', '#1f2328', '#8f2d56']
    },
    dark: {
      text: '#e6edf3', muted: '#aab4be', line: '#6e7681', grid: '#2d333b', paper: '#161b22',
      colors: ['#56b4e9', '#ff8c42', '#2fc49a', '#e39ac4', '#f0b429', '#9ecbff', '#e6edf3', '#ff9fb2']
    }
  };
  var symbols = ['circle', 'rect', 'triangle', 'diamond', 'emptyCircle', 'emptyRect', 'emptyTriangle', 'emptyDiamond'];
  var dashes = ['solid', [7, 4], [2, 3], [10, 3, 2, 3], [14, 4], [4, 2], [2, 5], [10, 3, 2, 3, 2, 3]];
  // Lines to compare with: grey, told apart by their dashes.
  var levels = [
    { dash: [5, 4], icon: 'M0 0h6v2h-6zM9 0h6v2h-6zM18 0h6v2h-6z' },
    { dash: [2, 3], icon: 'M0 0h2v2h-2zM5 0h2v2h-2zM10 0h2v2h-2zM15 0h2v2h-2zM20 0h2v2h-2z' },
    { dash: [12, 3], icon: 'M0 0h11v2h-11zM14 0h11v2h-11z' },
    { dash: [10, 3, 2, 3], icon: 'M0 0h11v2h-11zM14 0h2v2h-2zM19 0h6v2h-6z' }
  ];
  var font = "system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', 'DejaVu Sans', Arial, sans-serif";

  function number(value) {
    if (value === null || value === undefined || value !== value) {
      return '–';
    }
    var size = Math.abs(value);
    if (size === Infinity) {
      return value > 0 ? '∞' : '−∞';
    }
    var text;
    if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
      text = value.toExponential(2).replace(/\.?0+e/, 'e').replace('e+', 'e');
    } else if (size >= 1000) {
      text = String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' ');
    } else {
      text = String(+value.toPrecision(4));
    }
    return text.replace('-', '−');
  }

  function escape(text) {
    return String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;').replace(/'/g, '&#39;');
  }

  // A sans-serif line of text is about this wide.
  function textWidth(text, size) {
    return text.length * size * 0.56;
  }

  // Breaks a text into lines; the library does so for titles but not for axes.
  function wrap(text, width, size) {
    var lines = [''];
    text.split(' ').forEach(function (word) {
      var line = lines[lines.length - 1];
      if (line && textWidth(line + ' ' + word, size) > width) {
        lines.push(word);
      } else {
        lines[lines.length - 1] = line ? line + ' ' + word : word;
      }
    });
    return lines.join('\n');
  }

  // Long names are cut in the middle where they would crowd a narrow picture, because names of a kind differ at their ends;
  // the table beside it has them whole.
  function shorten(text, length) {
    text = String(text);
    var head = Math.ceil((length - 1) / 2);
    return text.length <= length ? text : text.slice(0, head) + '…' + text.slice(text.length - (length - 1 - head));
  }

  // The name of a lying bar in lines: broken between its parts, then between words, and within a word last; nothing of it is left out
  // but where it would take more lines than that.
  var mostLines = 5;
  function barName(text, length) {
    var lines = [''];
    function add(piece, joint) {
      var line = lines[lines.length - 1];
      if (line && (line + joint + piece).length > length) {
        lines.push(piece);
      } else {
        lines[lines.length - 1] = line ? line + joint + piece : piece;
      }
    }
    String(text).split(' · ').forEach(function (part, i) {
      if (part.length <= length) {
        add(part, ' · ');
        return;
      }
      var isFirst = true;
      part.split(' ').forEach(function (word) {
        // Between the words of a compound, such as LikelihoodRatio, or a path.
        (word.length <= length ? [word] : word.match(/[A-Z]?[^A-Z\/._-]+[\/._-]?|[A-Z\/._-]+/g) || [word]).forEach(function (piece, j) {
          for (; piece.length > length; piece = piece.slice(length)) {
            add(piece.slice(0, length), j ? '' : isFirst && i ? ' · ' : ' ');
            j = 1;
          }
          add(piece, j ? '' : isFirst && i ? ' · ' : ' ');
          isFirst = false;
        });
      });
    });
    return lines.length <= mostLines ? lines.join('\n')
      : lines.slice(0, mostLines - 2).concat('…', lines[lines.length - 1]).join('\n');
  }

  // How many characters of a lying bar's name stand on one line.
  function barLength(width, fontSize) { return Math.max(14, Math.floor(width * 0.4 / (0.56 * fontSize))); }

  // The height of a lying bar, or of a group of them.
  function barHeight(figure, width) {
    var group = 26 * (figure.stacked ? 1 : Math.max(1, 0.7 * figure.series.length));
    return figure.x.categories.reduce(function (most, name) {
      var lines = barName(name, barLength(width || 640, 13)).split('\n').length;
      return Math.max(most, lines > 1 ? 16 * lines + 8 : 0);
    }, group);
  }

  // The marks of a logarithmic axis: 1, 2 and 5 times the powers of ten between its ends.
  function logMarks(first, last, factors) {
    var marks = [], decade, i;
    for (decade = Math.floor(Math.log(first) / Math.LN10) - 1; Math.pow(10, decade) <= last * 1.0001; decade++) {
      for (i = 0; i < factors.length; i++) {
        // 10^-1 is no power that floating point knows.
        var mark = +(factors[i] * Math.pow(10, decade)).toPrecision(12);
        if (mark >= first * 0.9999 && mark <= last * 1.0001) {
          marks.push(mark);
        }
      }
    }
    return marks;
  }

  function axis(spec, theme, options) {
    var log = spec.scale === 'log', category = spec.scale === 'category';
    var result = {
      type: category ? 'category' : log ? 'log' : 'value',
      name: wrap(spec.title, options.nameWidth, options.fontSize), nameLocation: 'middle', nameGap: options.nameGap,
      nameTextStyle: { color: theme.text, fontFamily: font, fontSize: options.fontSize, lineHeight: options.fontSize + 5 },
      axisLine: { show: true, lineStyle: { color: theme.line } },
      axisTick: { show: !category, lineStyle: { color: theme.line } },
      axisLabel: { color: theme.text, fontFamily: font, fontSize: options.fontSize, hideOverlap: true, margin: options.margin || 8 },
      splitLine: { show: !category && !options.noGrid, lineStyle: { color: theme.grid } },
      minorSplitLine: { show: false }
    };
    if (category) {
      result.data = spec.categories.slice();
      result.axisLabel.formatter = function (value) { return options.lying ? barName(value, options.labelLength) : shorten(value, options.labelLength || 18); };
      result.axisLabel.lineHeight = options.fontSize + 3;
      if (options.allLabels) {
        result.axisLabel.interval = 0;
      }
      if (options.rotate) {
        result.axisLabel.rotate = options.rotate;
      }
    } else {
      result.axisLabel.formatter = number;
      result.scale = !spec.zero;
      if (spec.whole) { result.minInterval = 1; }
      if (typeof spec.min === 'number') { result.min = spec.min; }
      if (typeof spec.max === 'number') { result.max = spec.max; }
      if (log) {
        result.logBase = 10;
        if (options.ends) {
          result.min = options.ends[0];
          result.max = options.ends[1];
          var decades = Math.log(result.max / result.min) / Math.LN10;
          var marks = logMarks(result.min, result.max, [1, 2, 5]);
          if (marks.length < 2) {
            marks = [result.min, result.max];
          }
          result.axisTick.customValues = marks;
          result.axisLabel.customValues = decades > (options.narrow ? 2.5 : 4) ? logMarks(result.min, result.max, [1]) : marks;
        }
      } else {
        result.splitNumber = options.narrow ? 4 : 5;
        if (typeof spec.min === 'number' && typeof spec.max === 'number') {
          result.interval = (spec.max - spec.min) / (options.narrow ? 4 : 5);
        }
      }
    }
    return result;
  }

  // Whether a figure has several things to tell apart.
  function hasLegend(figure) {
    return figure.series.length > 1 || figure.series.some(function (series) { return series.role === 'reference'; });
  }

  // How a series looks: the same in the plot, in its legend and in the legend that the page makes of buttons.
  function look(figure, item, theme) {
    function has(role) { return figure.series.filter(function (series) { return (series.role === 'reference') === (role === 'reference'); }); }
    var reference = item.role === 'reference';
    var order = reference ? figure.series.indexOf(item) : has('data').indexOf(item);
    var scatter = figure.kind === 'scatter' && !reference;
    // After the last colour the colours begin again, with other symbols and dashes.
    var again = Math.floor(order / theme.colors.length);
    return {
      reference: reference, order: order,
      color: reference ? theme.muted : theme.colors[order % theme.colors.length],
      level: levels[has('reference').indexOf(item) % levels.length],
      dash: reference ? levels[has('reference').indexOf(item) % levels.length].dash : dashes[(order + 3 * again) % dashes.length],
      width: reference ? 1.5 : order === 0 ? 3 : 2,
      symbol: reference ? 'none' : symbols[(order + 3 * again + (scatter ? 4 : 0)) % symbols.length]
    };
  }

  function low(point) { return typeof point[2] === 'number' ? point[2] : null; }

  function high(point) { return typeof point[3] === 'number' ? point[3] : null; }

  function hasErrors(series) {
    return series.points.some(function (point) { return low(point) !== null && high(point) !== null; });
  }

  // The band between the lower and the upper ends of the points' intervals.
  function band(series, color) {
    var points = series.points.filter(function (point) { return low(point) !== null && high(point) !== null; });
    return {
      name: series.name, type: 'custom', silent: true, tooltip: { show: false }, z: 1, clip: true,
      itemStyle: { color: color, opacity: 0.18 }, color: color,
      dimensions: ['x', 'low', 'high'], encode: { x: 0, y: [1, 2] },
      data: points.map(function (point) { return [point[0], low(point), high(point)]; }),
      renderItem: function (parameters, api) {
        if (parameters.dataIndex !== 0) {
          return null;
        }
        var corners = [], i;
        for (i = 0; i < points.length; i++) { corners.push(api.coord([points[i][0], high(points[i])])); }
        for (i = points.length - 1; i >= 0; i--) { corners.push(api.coord([points[i][0], low(points[i])])); }
        return { type: 'polygon', shape: { points: corners }, style: { fill: color, opacity: 0.18 } };
      }
    };
  }

  // Whiskers over bars or points: the interval of each.
  function whiskers(series, theme, horizontal, color, bars) {
    var data = [];
    series.points.forEach(function (point) {
      if (low(point) !== null && high(point) !== null) {
        data.push(horizontal ? [low(point), high(point), point[0]] : [point[0], low(point), high(point)]);
      }
    });
    return {
      name: series.name, type: 'custom', silent: true, tooltip: { show: false }, z: 5,
      encode: horizontal ? { x: [0, 1], y: 2 } : { x: 0, y: [1, 2] }, data: data,
      renderItem: function (parameters, api) {
        var a, b, cap = 4;
        if (horizontal) {
          a = api.coord([api.value(0), api.value(2)]);
          b = api.coord([api.value(1), api.value(2)]);
        } else {
          a = api.coord([api.value(0), api.value(1)]);
          b = api.coord([api.value(0), api.value(2)]);
        }
        if (bars && bars.count > 1) {
          var shift = api.barLayout(bars)[bars.index].offsetCenter, axis = horizontal ? 1 : 0;
          a[axis] += shift;
          b[axis] += shift;
        }
        var dx = horizontal ? 0 : cap, dy = horizontal ? cap : 0;
        function segment(x1, y1, x2, y2) {
          return { type: 'line', shape: { x1: x1, y1: y1, x2: x2, y2: y2 }, style: { stroke: color || theme.text, lineWidth: 1.5 } };
        }
        return {
          type: 'group',
          children: [segment(a[0], a[1], b[0], b[1]), segment(a[0] - dx, a[1] - dy, a[0] + dx, a[1] + dy), segment(b[0] - dx, b[1] - dy, b[0] + dx, b[1] + dy)]
        };
      }
    };
  }

  // From the first abscissa to the last: a logarithmic axis would go on to the next power of ten.
  function ends(figure) {
    var first = Infinity, last = -Infinity;
    figure.series.forEach(function (series) {
      series.points.forEach(function (point) {
        if (point[0] > 0) {
          first = Math.min(first, point[0]);
          last = Math.max(last, point[0]);
        }
      });
    });
    return first < last ? [first, last] : null;
  }

  // The extent of the ordinates with their intervals, on to the next mark on both sides.
  function extent(figure) {
    var first = Infinity, last = 0;
    figure.series.forEach(function (series) {
      series.points.forEach(function (point) {
        [point[1], low(point), high(point)].forEach(function (value) {
          if (typeof value === 'number' && value > 0 && value < Infinity) {
            first = Math.min(first, value);
            last = Math.max(last, value);
          }
        });
      });
    });
    if (!(last > 0)) {
      return null;
    }
    var marks = logMarks(first / 10, last * 10, [1, 2, 5]);
    var below = marks.filter(function (mark) { return mark <= first * 1.0001; }), above = marks.filter(function (mark) { return mark >= last * 0.9999; });
    return [below[below.length - 1], above[0] > below[below.length - 1] ? above[0] : above[1]];
  }

  function interval(point) {
    return low(point) === null || high(point) === null ? '' : ' [' + number(low(point)) + ', ' + number(high(point)) + ']';
  }

  function build(figure, themeName, size) {
    var theme = themes[themeName] || themes.light;
    var width = size.width, height = size.height, narrow = width < 520;
    var fontSize = size.fontSize || 13;
    var horizontal = figure.kind === 'bar' && figure.horizontal;
    var categories = figure.x.categories || [];
    var drawn = figure.series.filter(function (series) { return series.role !== 'reference'; });
    var shown = drawn.filter(function (series) { return !size.selected || size.selected[series.name] !== false; });
    var legend = hasLegend(figure);
    var series = [];

    figure.series.forEach(function (item) {
      var own = look(figure, item, theme), reference = own.reference, order = own.order, color = own.color;
      if (figure.kind === 'bar' && !reference) {
        var values = [];
        categories.forEach(function () { values.push(null); });
        item.points.forEach(function (point) { values[point[0]] = point[1]; });
        series.push({
          name: item.name, type: 'bar', data: values, itemStyle: { color: color, decal: drawn.length > 1 ? decal(order, theme) : undefined },
          barMaxWidth: horizontal ? 22 : 56, barGap: '8%', barCategoryGap: '34%', stack: figure.stacked ? 'all' : undefined
        });
        if (!figure.stacked && hasErrors(item)) {
          series.push(whiskers(item, theme, horizontal, theme.text, { index: shown.indexOf(item), count: shown.length, barMaxWidth: horizontal ? 22 : 56, barGap: '8%', barCategoryGap: '34%' }));
        }
        return;
      }

      var many = item.points.length > 40;
      series.push({
        name: item.name, type: figure.kind === 'scatter' && !reference ? 'scatter' : 'line', z: reference ? 2 : 3,
        data: item.points.map(function (point) {
          return point[4] ? { value: [point[0], point[1]], name: point[4] } : [point[0], point[1]];
        }),
        showSymbol: !reference && !many && figure.symbols !== false, symbol: own.symbol, symbolSize: figure.kind === 'scatter' ? 13 - 2 * (order % 3) : 8,
        lineStyle: { color: color, width: own.width, type: own.dash },
        itemStyle: { color: color, borderWidth: 2 }, color: color, connectNulls: false, step: item.step ? 'end' : undefined,
        emphasis: { focus: 'none' }
      });

      // After the line, because the legend shows the first of a name.
      if (!reference && hasErrors(item)) {
        series.push(figure.kind === 'line' && item.points.length > 1 && figure.x.scale !== 'category' ? band(item, color) : whiskers(item, theme, false, color));
      }
    });

    var legendHeight = 0;
    if (legend && !size.selected) {
      var used = 0, rows = 1;
      figure.series.forEach(function (item) {
        var part = (figure.kind === 'line' ? 25 : 14) + 6 + textWidth(item.name, fontSize) + 24;
        if (used > 0 && used + part > width - 16) {
          rows++;
          used = 0;
        }
        used += part;
      });
      legendHeight = rows * (fontSize + 11);
    }

    var titleHeight = 0;
    if (size.title) {
      var characters = Math.max(10, Math.floor((width - 24) / (0.56 * (fontSize + 3))));
      titleHeight = Math.ceil(figure.title.length / characters) * (fontSize + 8) + 6;
    }

    var longest = categories.reduce(function (most, name) { return Math.max(most, Math.min(String(name).length, narrow ? 14 : 24)); }, 0);
    var rotate = !horizontal && categories.length > 1 && longest * fontSize * 0.6 * categories.length > width - 110 ? 35 : 0;
    var x = axis(figure.x, theme, { lying: horizontal, ends: ends(figure), margin: 11, nameGap: rotate ? 18 + longest * fontSize * 0.34 : 30, fontSize: fontSize, narrow: narrow, allLabels: categories.length <= 40, rotate: rotate, noGrid: figure.kind === 'bar', labelLength: horizontal ? barLength(width, fontSize) : narrow ? 14 : 24, nameWidth: width - 150 });
    var y = axis(figure.y, theme, { ends: figure.y.scale === 'log' ? extent(figure) : null, nameGap: 50, fontSize: fontSize, narrow: narrow, nameWidth: height - legendHeight - titleHeight - 60 });
    if (figure.y.scale === 'category') {
      // Names on both sides: the first on top, and lines to follow from a point to its names.
      var lengths = figure.y.categories.map(function (name) { return Math.min(String(name).length, narrow ? 14 : 24); });
      y = axis(figure.y, theme, { nameGap: 18 + Math.max.apply(null, lengths.concat(0)) * fontSize * 0.6, fontSize: fontSize, allLabels: lengths.length <= 40, labelLength: narrow ? 14 : 24, nameWidth: height - titleHeight - 60 });
      y.inverse = true;
      x.splitLine.show = y.splitLine.show = true;
    }
    if (horizontal) {
      x.inverse = true;
      x.name = '';
      y.nameGap = 30;
      y.name = wrap(figure.y.title, width - 170, fontSize);
    }

    var names = figure.series.map(function (item) {
      return item.role === 'reference' ? { name: item.name, icon: 'path://' + look(figure, item, theme).level.icon, itemStyle: { color: theme.muted, borderWidth: 0 } } : { name: item.name };
    });
    return {
      animation: false, backgroundColor: size.paper ? theme.paper : 'transparent', textStyle: { fontFamily: font, color: theme.text },
      aria: { enabled: false },
      title: size.title ? { text: figure.title, left: 8, top: 6, textStyle: { color: theme.text, fontSize: fontSize + 3, fontWeight: 600, width: width - 24, overflow: 'break' } } : undefined,
      legend: legend ? {
        show: !size.selected, selected: size.selected, data: names, left: 8, right: 8, top: titleHeight + 2, itemWidth: figure.kind === 'line' ? 25 : 14, itemHeight: 12, itemGap: 22,
        textStyle: { color: theme.text, fontSize: fontSize, fontFamily: font }, inactiveColor: theme.line
      } : undefined,
      grid: { left: 12, right: narrow ? 14 : 22, top: titleHeight + legendHeight + 12, bottom: 12, outerBoundsMode: 'same', outerBoundsContain: 'all' },
      tooltip: {
        trigger: figure.kind === 'scatter' ? 'item' : 'axis', confine: true, backgroundColor: theme.paper, borderColor: theme.line,
        textStyle: { color: theme.text, fontFamily: font, fontSize: fontSize }, axisPointer: { type: figure.kind === 'bar' ? 'shadow' : 'line', lineStyle: { color: theme.line } },
        formatter: function (parameters) { return tooltip(figure, parameters, horizontal); }
      },
      xAxis: horizontal ? y : x, yAxis: horizontal ? x : y, series: series
    };
  }

  function decal(order, theme) {
    var ink = theme.paper === '#ffffff' ? 'rgba(255,255,255,0.45)' : 'rgba(0,0,0,0.35)';
    var kinds = [
      undefined,
      { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [3, 5], rotation: -Math.PI / 4, color: ink },
      { symbol: 'circle', symbolSize: 0.7, dashArrayX: [[8, 8], [0, 8, 8, 0]], dashArrayY: [6, 0], color: ink },
      { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [2, 6], color: ink }
    ];
    return kinds[order % kinds.length];
  }

  function tooltip(figure, parameters, horizontal) {
    var list = (parameters instanceof Array ? parameters : [parameters]).filter(function (item) { return item.seriesType !== 'custom'; });
    if (!list.length) {
      return '';
    }
    var rows = list.map(function (item) {
      var owner = figure.series.filter(function (series) { return series.name === item.seriesName; })[0];
      var value = item.value instanceof Array ? item.value[1] : item.value;
      var at = item.value instanceof Array ? item.value[0] : item.dataIndex;
      var point = owner && owner.points.filter(function (candidate) { return candidate[0] === at; })[0];
      if (value === null || value === undefined) {
        return '';
      }
      return '<tr><td style="padding-right:10px">' + item.marker + escape(item.data && item.data.name || item.seriesName) + '</td><td style="text-align:right">' + (figure.y.scale === 'category' ? '' : '<b>' + number(value) + '</b>' + (point ? escape(interval(point)) : '')) + '</td></tr>';
    }).join('');
    var first = list[0];
    var head = figure.x.scale === 'category' ? figure.x.categories[first.value instanceof Array ? first.value[0] : first.dataIndex] : (figure.x.title || 'x') + ' = ' + number(first.value[0]);
    return '<div style="margin-bottom:4px">' + escape(head) + '</div><table style="border-collapse:collapse">' + rows + '</table>';
  }

  // A series as the legend shows it: a drawing of 25 by 14.
  function swatch(figure, index, themeName) {
    var theme = themes[themeName] || themes.light, item = figure.series[index], own = look(figure, item, theme);
    var hollow = own.symbol.indexOf('empty') === 0, shape = own.symbol.replace('empty', '').toLowerCase();
    var paint = ' fill="' + (hollow ? '#ffffff' : own.color) + '" stroke="' + own.color + '" stroke-width="' + (hollow ? 2 : 0) + '"';
    var parts = '';
    if (figure.kind === 'bar' && !own.reference) {
      var ink = (decal(own.order, theme) || {}).color, marks = ['', '<path d="M1 13L11 1M7 13L17 1M13 13L23 1"', '<path d="M5 4h3M13 4h3M9 9h3M17 9h3"', '<path d="M1 4h22M1 10h22"'];
      parts = '<rect x="1" y="1" width="22" height="12" fill="' + own.color + '"/>' + (ink ? marks[own.order % 4] + ' stroke="' + ink + '" stroke-width="2.5"/>' : '');
    } else {
      if (figure.kind === 'line' || own.reference) {
        parts = '<path d="M0 7h25" fill="none" stroke="' + own.color + '" stroke-width="' + own.width + '"' + (own.dash === 'solid' ? '' : ' stroke-dasharray="' + own.dash.join(' ') + '"') + '/>';
      }
      parts += shape === 'circle' ? '<circle cx="12.5" cy="7" r="4"' + paint + '/>'
        : shape === 'rect' ? '<rect x="8.5" y="3" width="8" height="8"' + paint + '/>'
        : shape === 'triangle' ? '<path d="M12.5 3l4.5 8h-9z"' + paint + '/>'
        : shape === 'diamond' ? '<path d="M12.5 2l4.5 5l-4.5 5l-4.5-5z"' + paint + '/>' : '';
    }
    return '<svg width="25" height="14" viewBox="0 0 25 14" aria-hidden="true" focusable="false">' + parts + '</svg>';
  }

  return { option: build, number: number, hasLegend: hasLegend, swatch: swatch, height: function (figure, width) {
    return figure.kind === 'bar' && figure.horizontal ? Math.max(260, 110 + figure.x.categories.length * barHeight(figure, width)) : 380;
  } };
})();

// Brings the page to life: charts that answer to the pointer in place of the drawings, and the choice of light or dark.
(function () {
  'use strict';
  var figures = JSON.parse(document.getElementById('figures').textContent);
  var root = document.documentElement;
  var button = document.getElementById('theme');
  var preferDark = window.matchMedia ? window.matchMedia('(prefers-color-scheme: dark)') : null;
  var charts = [];

  function theme() {
    var chosen = root.getAttribute('data-theme');
    return chosen === 'light' || chosen === 'dark' ? chosen : preferDark && preferDark.matches ? 'dark' : 'light';
  }

  function draw(entry) {
    var width = entry.holder.clientWidth, height = qosFigure.height(entry.figure, width);
    if (!width) {
      return;
    }
    if (!entry.chart) {
      // The drawing stays for the paper, which is white and of another width.
      var drawing = document.createElement('div');
      drawing.className = 'paper';
      while (entry.holder.firstChild) {
        drawing.appendChild(entry.holder.firstChild);
      }
      entry.holder.parentNode.insertBefore(drawing, entry.holder.nextSibling);
      entry.holder.style.height = height + 'px';
      entry.chart = echarts.init(entry.holder, null, { renderer: 'svg' });
    }
    entry.chart.resize({ width: width, height: height });
    entry.chart.setOption(qosFigure.option(entry.figure, theme(), { width: width, height: height, fontSize: 13, selected: entry.selected }), true);
    entry.buttons.forEach(function (button, i) { button.firstChild.innerHTML = qosFigure.swatch(entry.figure, i, theme()); });
    entry.width = width;
    entry.holder.setAttribute('data-drawn', 'true');
  }

  // The legend as buttons above the chart: by keyboard, pointer and screen reader they show and hide a series.
  function addLegend(entry) {
    if (!qosFigure.hasLegend(entry.figure)) {
      return;
    }
    var group = document.createElement('div');
    group.className = 'legend';
    group.setAttribute('role', 'group');
    group.setAttribute('aria-label', 'Shown in the chart: ' + entry.figure.title);
    entry.buttons = entry.figure.series.map(function (series) {
      var button = document.createElement('button'), swatch = document.createElement('span'), name = document.createElement('span');
      button.type = 'button';
      button.setAttribute('aria-pressed', 'true');
      name.textContent = series.name;
      name.className = 'name';
      button.appendChild(swatch);
      button.appendChild(name);
      button.addEventListener('click', function () {
        var shown = button.getAttribute('aria-pressed') !== 'true';
        button.setAttribute('aria-pressed', String(shown));
        entry.selected[series.name] = shown;
        draw(entry);
      });
      group.appendChild(button);
      return button;
    });
    entry.selected = {};
    entry.holder.parentNode.insertBefore(group, entry.holder);
  }

  function drawAll() { charts.forEach(draw); }

  function label() {
    var chosen = root.getAttribute('data-theme') || 'auto';
    button.textContent = 'Theme: ' + chosen;
  }

  figures.forEach(function (figure) {
    var holder = document.getElementById('chart-' + figure.id);
    if (holder) {
      var entry = { holder: holder, figure: figure, buttons: [] };
      addLegend(entry);
      charts.push(entry);
    }
  });
  button.hidden = false;
  label();
  button.addEventListener('click', function () {
    var chosen = root.getAttribute('data-theme') || 'auto';
    var next = chosen === 'auto' ? 'dark' : chosen === 'dark' ? 'light' : 'auto';
    if (next === 'auto') {
      root.removeAttribute('data-theme');
    } else {
      root.setAttribute('data-theme', next);
    }
    label();
    drawAll();
  });
  if (preferDark && preferDark.addEventListener) {
    preferDark.addEventListener('change', drawAll);
  }
  function redraw() {
    charts.forEach(function (entry) {
      if (entry.holder.clientWidth !== entry.width) {
        draw(entry);
      }
    });
  }
  if (window.ResizeObserver) {
    var observer = new ResizeObserver(redraw);
    charts.forEach(function (entry) { observer.observe(entry.holder); });
  } else {
    window.addEventListener('resize', redraw);
  }
  drawAll();
})();

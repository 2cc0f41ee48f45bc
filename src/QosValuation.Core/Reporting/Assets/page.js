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
    var width = entry.holder.clientWidth, height = qosFigure.height(entry.figure);
    if (!width) {
      return;
    }
    if (!entry.chart) {
      entry.holder.textContent = '';
      entry.holder.style.height = height + 'px';
      entry.chart = echarts.init(entry.holder, null, { renderer: 'svg' });
    }
    entry.chart.resize({ width: width, height: height });
    entry.chart.setOption(qosFigure.option(entry.figure, theme(), { width: width, height: height, fontSize: 13 }), true);
    entry.width = width;
    entry.holder.setAttribute('data-drawn', 'true');
  }

  function drawAll() { charts.forEach(draw); }

  function label() {
    var chosen = root.getAttribute('data-theme') || 'auto';
    button.textContent = 'Theme: ' + chosen;
  }

  figures.forEach(function (figure) {
    var holder = document.getElementById('chart-' + figure.id);
    if (holder) {
      charts.push({ holder: holder, figure: figure });
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

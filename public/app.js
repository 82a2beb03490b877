/* Comfort only: every page works without this file. Old syntax on purpose, for Android 7 and Opera Mini. */
(function () {
  'use strict';

  function all(selector, root) {
    return Array.prototype.slice.call((root || document).querySelectorAll(selector));
  }

  function make(tag, className, text) {
    var node = document.createElement(tag);
    node.className = className;
    if (text) node.textContent = text;
    return node;
  }

  function after(node, next) {
    node.parentNode.insertBefore(next, node.nextSibling);
    return next;
  }

  function status(className) {
    var node = make('p', className);
    node.setAttribute('role', 'status');
    return node;
  }

  /* What went wrong is read first. */
  var problem = document.querySelector('[data-focus]');
  if (problem) problem.focus();

  /*
   * Sends each form once. Undone when the page comes back from the history, and after a while: nothing tells that a form was stopped, or that its connection
   * failed and the browser kept the page. What is sent twice the server joins.
   */
  var ON_ITS_WAY_MS = 15000;
  all('form[data-guard]').forEach(function (form) {
    var button = form.querySelector('[type=submit]');
    if (!button) return;
    var line = status('busy');
    form.appendChild(line);
    var timer;
    function release() {
      clearTimeout(timer);
      if (!form.sent) return;
      form.sent = false;
      button.removeAttribute('aria-disabled');
      line.textContent = '';
    }
    form.addEventListener('submit', function (event) {
      if (form.sent || button.getAttribute('aria-disabled') === 'true') {
        event.preventDefault();
        return;
      }
      form.sent = true;
      button.setAttribute('aria-disabled', 'true');
      line.textContent = form.getAttribute('data-busy');
      timer = setTimeout(release, ON_ITS_WAY_MS);
    });
    window.addEventListener('pageshow', release);
  });

  /* Passwords: show and hide, caps lock. */
  var EYE = '<svg viewBox="0 0 20 20" width="22" height="22" aria-hidden="true"><path d="M1.5 10S4.5 4.5 10 4.5 18.5 10 18.5 10 15.5 15.5 10 15.5 1.5 10 1.5 10z"/><circle cx="10" cy="10" r="2.5"/>';
  all('input[data-show]').forEach(function (input) {
    var box = input.parentNode;
    var toggle = make('button', 'toggle');
    var caps = status('hint');
    toggle.type = 'button';
    function draw() {
      var shown = input.type === 'text';
      toggle.setAttribute('aria-label', input.getAttribute(shown ? 'data-hide' : 'data-show'));
      toggle.innerHTML = EYE + (shown ? '<path d="M3 17L17 3"/></svg>' : '</svg>');
    }
    toggle.addEventListener('click', function () {
      input.type = input.type === 'text' ? 'password' : 'text';
      draw();
    });
    input.addEventListener('keyup', function (event) {
      if (!event.getModifierState) return;
      var text = event.getModifierState('CapsLock') ? input.getAttribute('data-caps') : '';
      if (caps.textContent !== text) caps.textContent = text;
    });
    /* A browser remembers only what was typed as a password. */
    if (input.form) input.form.addEventListener('submit', function () { input.type = 'password'; draw(); });
    draw();
    box.className += ' has-toggle';
    box.appendChild(toggle);
    after(box, caps);
  });

  /* The rules of a new password, told as they are met; spoken only when typing pauses. */
  var RULES = {
    lower: function (text) { return text !== text.toUpperCase(); },
    upper: function (text) { return text !== text.toLowerCase(); },
    digit: function (text) { return /[0-9]/.test(text); },
    symbol: function (text) { return /[!@#$%^&*]/.test(text); }
  };
  all('ul[data-rules]').forEach(function (list) {
    var input = document.getElementById(list.getAttribute('data-rules'));
    var progress = status('hidden');
    var items = all('li', list);
    var timer;
    after(list, progress);
    function look() {
      var met = 0;
      items.forEach(function (item) {
        var min = item.getAttribute('data-min');
        var rule = RULES[item.getAttribute('data-rule')];
        var good = min ? Array.from(input.value).length >= +min : rule(input.value);
        if (good) met += 1;
        item.className = good ? 'met' : '';
        item.lastChild.textContent = ' – ' + list.getAttribute(good ? 'data-met' : 'data-unmet');
      });
      window.clearTimeout(timer);
      if (input.value) timer = setTimeout(function () {
        progress.textContent = list.getAttribute('data-progress').replace('{met}', met).replace('{all}', items.length);
      }, 1200);
    }
    items.forEach(function (item) { item.appendChild(make('span', 'rules__state')); });
    input.addEventListener('input', look);
    look();
  });

  /* How many digits of a NIK are there already. */
  all('input[data-count]').forEach(function (input) {
    var count = after(input.parentNode, make('p', 'hint'));
    function look() {
      var digits = input.value.replace(/[^0-9]/g, '').length;
      count.textContent = digits ? input.getAttribute('data-count').replace('{n}', digits) : '';
    }
    input.addEventListener('input', look);
    look();
  });

  /* Counts down to the next code; spoken at 60, 30 and 10 seconds only. */
  all('button[data-wait]').forEach(function (button) {
    var text = document.getElementById('resend-state');
    var spoken = after(text, status('hidden'));
    var end = Date.now() + button.getAttribute('data-wait') * 1000;
    var last;
    function tick() {
      var left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      if (left === last) return;
      last = left;
      text.textContent = text.getAttribute(left > 1 ? 'data-template' : left ? 'data-template-one' : 'data-ready').replace('{seconds}', left);
      if (left === 60 || left === 30 || left === 10 || !left) spoken.textContent = text.textContent;
      if (!left) {
        clearInterval(timer);
        button.removeAttribute('aria-disabled');
      }
    }
    button.setAttribute('aria-disabled', 'true');
    var timer = setInterval(tick, 250);
    tick();
  });

  /* How far the code has come: asked while somebody looks, ever more rarely, and no longer than the code lives. */
  all('[data-watch]').forEach(function (line) {
    var WAITS = [2, 3, 4, 6, 8, 12, 15, 20, 30, 30, 45, 60, 60];
    var asked = 0;
    var missed = false;
    function later() {
      if (asked < WAITS.length) setTimeout(ask, WAITS[asked++] * 1000);
    }
    function ask() {
      missed = document.hidden;
      if (missed) return;
      var request = new XMLHttpRequest();
      request.onload = function () {
        var word = request.responseText;
        var text = request.status === 200 && line.getAttribute('data-' + word);
        if (text && word !== line.getAttribute('data-now')) {
          line.textContent = text;
          line.setAttribute('data-now', word);
          if (word === 'failed') line.className += ' delivery--failed';
        }
        /* 503: many are here, and their forms go first. */
        if (request.status === 503 || request.status === 200 && line.getAttribute('data-last').split(' ').indexOf(word) < 0) later();
      };
      /* No line for a moment: the next look may find one. */
      request.onerror = request.ontimeout = later;
      request.open('GET', line.getAttribute('data-watch'));
      request.timeout = 10000;
      request.send();
    }
    document.addEventListener('visibilitychange', function () {
      if (missed) ask();
    });
    later();
  });

  /* WebOTP: the phone offers the code of the message itself. */
  var code = document.querySelector('input[data-otp]');
  if (code && window.OTPCredential && navigator.credentials) {
    var abort = new AbortController();
    code.form.addEventListener('submit', function () { abort.abort(); });
    navigator.credentials.get({ otp: { transport: ['sms'] }, signal: abort.signal }).then(function (otp) {
      if (!otp || code.value) return;
      code.value = otp.code;
      code.form.querySelector('[type=submit]').focus();
    }, function () { /* Declined or timed out: the person types it. */ });
  }
})();

/* Comfort only: the console works without this file. A form that can be checked is checked while it is filled in. */
(function () {
  'use strict';

  function closest(node) {
    while (node && !/(^| )field( |$)/.test(node.className)) node = node.parentNode;
    return node;
  }

  /* The server judges the whole form and answers with its page; of that only the field that was just left is shown. */
  function take(input, answer) {
    var found = answer.getElementById(input.id);
    var fresh = found && closest(found);
    var field = closest(input);
    if (!fresh || !field) return;
    var before = field.querySelector('.error');
    var error = fresh.querySelector('.error');
    if (before) before.parentNode.removeChild(before);
    if (error) field.insertBefore(document.importNode(error, true), field.querySelector('.input, .check'));
    field.className = fresh.className;
    ['aria-invalid', 'aria-describedby'].forEach(function (name) {
      if (found.hasAttribute(name)) input.setAttribute(name, found.getAttribute(name));
      else input.removeAttribute(name);
    });
  }

  Array.prototype.forEach.call(document.querySelectorAll('form[data-check]'), function (form) {
    if (!window.fetch || !window.URLSearchParams) return;
    form.addEventListener('change', function (event) {
      var input = event.target;
      var typed = input.value;
      var fields = new window.URLSearchParams(new window.FormData(form));
      fields.set('intent', 'check');
      fields.set('left', input.name);
      window.fetch(form.action, { method: 'POST', body: fields, credentials: 'same-origin', redirect: 'error' })
        .then(function (response) { return response.text(); })
        .then(function (html) {
          // Of what has been typed over meanwhile another answer is on its way.
          if (input.value === typed) take(input, new window.DOMParser().parseFromString(html, 'text/html'));
        })
        .catch(function () { /* Saving tells the same. */ });
    });
  });

  /* A secret is text that anybody can select; where the browser can copy it, a button does. */
  Array.prototype.forEach.call(document.querySelectorAll('[data-copy]'), function (button) {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener('click', function () {
      navigator.clipboard.writeText(document.getElementById(button.getAttribute('data-copy')).textContent)
        .then(function () { button.textContent = button.getAttribute('data-copied'); })
        .catch(function () { button.hidden = true; });
    });
  });
})();

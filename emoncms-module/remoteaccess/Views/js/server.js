/* The one place that talks to emoncms. */
RemoteAccess.server = (function (ra) {
    'use strict';

    var PATIENCE_MS = 20000;

    function get(what) {
        return ask(what, {});
    }

    function post(what, body) {
        return ask(what, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});
    }

    /** Always comes to an answer: what could not be asked is {success: false, message} as well. */
    function ask(what, options) {
        var impatient = new AbortController();
        var timer = setTimeout(function () { impatient.abort(); }, PATIENCE_MS);
        options.signal = impatient.signal;
        options.headers = Object.assign({Accept: 'application/json'}, options.headers);
        options.cache = 'no-store';
        return fetch(ra.setting.path + 'remoteaccess/' + what + '.json', options)
            .then(function (response) { return response.text(); })
            .then(understood, function () {
                return failure(ra.tr('This emoncms does not answer. Please check your network.'));
            })
            .finally(function () { clearTimeout(timer); });
    }

    function understood(text) {
        try {
            var answer = JSON.parse(text);
            if (answer && typeof answer === 'object') return answer;
        } catch (error) { /* said below */ }
        return failure(ra.tr('This emoncms gave no usable answer. Perhaps you are no longer signed in: please reload the page.'));
    }

    function failure(message) {
        return {success: false, message: message};
    }

    /** Asks again and again while the page is to be seen, and tells `tell`. Returns a function that asks at once. */
    function watch(what, every_ms, tell) {
        var timer = null;
        var asking = false;

        function look() {
            clearTimeout(timer);
            timer = null;
            if (asking || document.hidden) return;
            asking = true;
            get(what).then(tell).finally(function () {
                asking = false;
                timer = setTimeout(look, every_ms);
            });
        }
        document.addEventListener('visibilitychange', look);
        look();
        return look;
    }

    return {get: get, post: post, watch: watch};
}(RemoteAccess));

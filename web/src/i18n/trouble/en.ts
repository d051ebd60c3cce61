// English: what can be wrong, and what to do about it.

export const trouble = {
    stale: (time: string) => `Shown is what came at ${time}.`,
    check: 'What to check',
    home_offline: {
        title: 'Your home is not connected',
        seen: (when: string) => `It was last seen ${when}.`,
        checks: [
            'Does the emoncms at home have power and Internet?',
            'In its Setup → Remote Access: does the page say “connected”?',
            'After a power cut a router can take some minutes. This page comes back by itself.',
        ],
    },
    home_cut: {
        title: 'Your home is cut off for now',
        text: (left: string) => `It sent far more than it was asked for. The server lets it in again in about ${left}.`,
        checks: [
            'Is something else than the agent of Remote Access connected with its name and password?',
            'If you do not know what it is, make a pairing code on the account page and connect your home anew.',
        ],
    },
    home_never: {
        title: 'This home has never been connected',
        text: 'Pair it first: make a pairing code on the account page and enter it in your emoncms under Setup → Remote Access.',
        action: 'To the account page',
    },
    no_home: {
        title: 'No home yet',
        text: 'Add one on the account page. You get a code that connects the emoncms in your house.',
    },
    stray: {
        title: 'There is no such home',
        text: 'The address names a home that is another account’s, or was deleted.',
        action: 'To your first home',
    },
    home_timeout: {
        title: 'Your home did not answer in time',
        text: 'It is connected, but slow or just lost. It is asked again by itself.',
    },
    emoncms_unreachable: {
        title: 'emoncms at home does not answer',
        text: 'The connection to your house works; the emoncms there does not.',
        checks: [
            'Restart the web server or the whole emonPi, emonBase or Raspberry Pi.',
            'Is its disk or SD card full?',
            'In Setup → Remote Access at home, is the address of emoncms right?',
        ],
    },
    emoncms_fault: {
        title: 'emoncms at home has an error',
        text: 'It was asked, but failed while it answered. It is asked again by itself.',
        checks: [
            'Is the disk or SD card at home full?',
            'Is its database running? Restarting the emonPi, emonBase or Raspberry Pi often helps.',
            'What does the log say, in emoncms under Setup → Admin?',
        ],
    },
    emoncms_timeout: {
        title: 'emoncms at home is too slow',
        text: 'It did not answer in time. Ask for less at once, or try again later.',
    },
    emoncms_key: {
        title: 'emoncms at home does not accept its key',
        text: 'Its API keys may have been changed. Save the settings in Setup → Remote Access at home once more.',
    },
    denied: {
        title: 'Your home does not allow this',
        text: (endpoint: string) =>
            `${endpoint} is not in the list of what may be seen. Nobody but you can change that, at home.`,
        where: 'Setup → Remote Access → Permissions, in your emoncms at home.',
        action: 'Where to allow it:',
    },
    too_large: { title: 'That is too much at once', text: 'Choose a shorter time or a longer interval.' },
    busy: { title: 'Too many requests at once', text: 'It is asked again in a moment.' },
    broker_offline: {
        title: 'The server is reconnecting',
        text: 'It has lost its message broker for a moment. This page comes back by itself.',
    },
    upstream: {
        title: 'emoncms.org cannot be asked',
        text: 'The server that knows your account is not reachable now. Try again in a few minutes.',
    },
    bridge_gone: {
        title: 'The server cannot be reached',
        checks: ['Is this device online?', 'If it is, the server is restarting. This page comes back by itself.'],
    },
    database: {
        title: 'The server has trouble with its database',
        text: 'Its operator has been told. This page comes back by itself.',
    },
    renewed: {
        title: 'This view has been renewed',
        text: 'The server has a newer version than the one that is open here. Load the page again.',
        action: 'Load again',
    },
    unsafe: 'Your home sent an answer that cannot be read',
    other: 'Something went wrong',
    emoncms_says: 'emoncms at home says',
};

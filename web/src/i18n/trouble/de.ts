// Deutsch: was nicht stimmen kann, und was zu tun ist.

import type { Words } from '../en';

export const trouble: Words['trouble'] = {
    stale: (time) => `Angezeigt wird der Stand von ${time}.`,
    check: 'Was Sie prüfen können',
    home_offline: {
        title: 'Ihr Zuhause ist nicht verbunden',
        seen: (when) => `Zuletzt war es ${when} verbunden.`,
        checks: [
            'Hat das emoncms zu Hause Strom und Internet?',
            'Steht dort unter Setup → Fernzugriff „Verbunden“?',
            'Nach einem Stromausfall braucht ein Router einige Minuten. Danach geht es hier von selbst weiter.',
        ],
    },
    home_cut: {
        title: 'Ihr Zuhause ist vorübergehend ausgesperrt',
        text: (left) =>
            `Es hat weit mehr gesendet, als gefragt war. Der Server lässt es in etwa ${left} wieder herein.`,
        checks: [
            'Ist mit seinem Namen und Passwort etwas anderes verbunden als der Agent des Fernzugriffs?',
            'Wissen Sie nicht, was es ist, dann koppeln Sie Ihr Zuhause neu, mit einem Kopplungscode von der Kontoseite.',
        ],
    },
    home_never: {
        title: 'Dieses Zuhause war noch nie verbunden',
        text: 'Koppeln Sie es zuerst: Erstellen Sie auf der Kontoseite einen Kopplungscode und geben Sie ihn in Ihrem emoncms unter Setup → Fernzugriff ein.',
        action: 'Zur Kontoseite',
    },
    no_home: {
        title: 'Noch kein Zuhause',
        text: 'Fügen Sie auf der Kontoseite eines hinzu. Sie bekommen einen Code, der das emoncms in Ihrem Haus verbindet.',
    },
    stray: {
        title: 'Dieses Zuhause gibt es nicht',
        text: 'Die Adresse nennt ein Zuhause, das zu einem anderen Konto gehört oder gelöscht wurde.',
        action: 'Zum ersten Zuhause',
    },
    home_timeout: {
        title: 'Ihr Zuhause hat nicht rechtzeitig geantwortet',
        text: 'Es ist langsam, oder seine Verbindung ist gerade abgerissen. Es wird von selbst wieder gefragt.',
    },
    emoncms_unreachable: {
        title: 'emoncms zu Hause antwortet nicht',
        text: 'Die Verbindung nach Hause steht, aber emoncms dort antwortet nicht.',
        checks: [
            'Starten Sie den Webserver oder das ganze Gerät (emonPi, emonBase, Raspberry Pi) neu.',
            'Ist seine Festplatte oder SD-Karte voll?',
            'Stimmt zu Hause unter Setup → Fernzugriff die Adresse von emoncms?',
        ],
    },
    emoncms_fault: {
        title: 'emoncms zu Hause meldet einen Fehler',
        text: 'Es hat die Anfrage bekommen, konnte sie aber nicht beantworten. Es wird von selbst wieder gefragt.',
        checks: [
            'Ist die Festplatte oder SD-Karte zu Hause voll?',
            'Läuft seine Datenbank? Oft hilft ein Neustart von emonPi, emonBase oder Raspberry Pi.',
            'Was steht im Protokoll, in emoncms unter Setup → Admin?',
        ],
    },
    emoncms_timeout: {
        title: 'emoncms zu Hause ist zu langsam',
        text: 'Es hat nicht rechtzeitig geantwortet. Fragen Sie weniger auf einmal ab, oder versuchen Sie es später noch einmal.',
    },
    emoncms_key: {
        title: 'emoncms zu Hause lehnt seinen Schlüssel ab',
        text: 'Vielleicht wurden seine API-Schlüssel geändert. Speichern Sie zu Hause die Einstellungen unter Setup → Fernzugriff noch einmal.',
    },
    denied: {
        title: 'Ihr Zuhause erlaubt das nicht',
        text: (endpoint) =>
            `${endpoint} steht nicht in der Liste dessen, was abgerufen werden darf. Ändern können das nur Sie, zu Hause.`,
        where: 'Setup → Fernzugriff → Berechtigungen, in Ihrem emoncms zu Hause.',
        action: 'So erlauben Sie es:',
    },
    too_large: {
        title: 'Das ist zu viel auf einmal',
        text: 'Wählen Sie einen kürzeren Zeitraum oder ein längeres Intervall.',
    },
    busy: { title: 'Zu viele Anfragen auf einmal', text: 'Gleich geht es von selbst weiter.' },
    broker_offline: {
        title: 'Der Server verbindet sich neu',
        text: 'Er hat kurz seinen Nachrichtenvermittler verloren. Gleich geht es von selbst weiter.',
    },
    upstream: {
        title: 'emoncms.org ist nicht erreichbar',
        text: 'Der Server, der Ihr Konto kennt, antwortet gerade nicht. Versuchen Sie es in einigen Minuten wieder.',
    },
    bridge_gone: {
        title: 'Der Server ist nicht erreichbar',
        checks: [
            'Ist dieses Gerät online?',
            'Wenn ja, wird der Server gerade neu gestartet. Danach geht es hier von selbst weiter.',
        ],
    },
    database: {
        title: 'Der Server hat Probleme mit seiner Datenbank',
        text: 'Sein Betreiber erfährt davon. Danach geht es hier von selbst weiter.',
    },
    renewed: {
        title: 'Diese Ansicht wurde erneuert',
        text: 'Der Server hat eine neuere Version als die hier geöffnete. Laden Sie die Seite neu.',
        action: 'Neu laden',
    },
    unsafe: 'Die Antwort von zu Hause ist nicht lesbar',
    other: 'Etwas ist schiefgegangen',
    emoncms_says: 'emoncms zu Hause meldet',
};

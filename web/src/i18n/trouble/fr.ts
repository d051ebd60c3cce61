// Français : ce qui peut ne pas aller, et que faire.

import type { Words } from '../en';

export const trouble: Words['trouble'] = {
    stale: (time) => `Affiché : les données reçues à ${time}.`,
    check: 'À vérifier',
    home_offline: {
        title: 'Votre maison n’est pas connectée',
        seen: (when) => `Dernière connexion : ${when}.`,
        checks: [
            'L’emoncms de la maison a-t-il du courant et Internet ?',
            'Là-bas, dans Setup → Accès à distance : la page dit-elle « Connecté » ?',
            'Après une coupure, un routeur peut prendre quelques minutes. Cette page reprendra d’elle-même.',
        ],
    },
    home_cut: {
        title: 'Votre maison est exclue pour le moment',
        text: (left) => `Elle a envoyé bien plus que demandé. Le serveur la laissera revenir dans ${left} environ.`,
        checks: [
            'Autre chose que l’agent de l’accès à distance est-il connecté avec son nom et son mot de passe ?',
            'Si vous ne savez pas quoi, créez un code sur la page du compte et connectez votre maison à nouveau.',
        ],
    },
    home_never: {
        title: 'Cette maison n’a jamais été connectée',
        text: 'Appairez-la d’abord : créez un code sur la page du compte et entrez-le dans votre emoncms sous Setup → Accès à distance.',
        action: 'Vers la page du compte',
    },
    no_home: {
        title: 'Pas encore de maison',
        text: 'Ajoutez-en une sur la page du compte. Vous recevrez un code qui connecte l’emoncms de votre maison.',
    },
    stray: {
        title: 'Cette maison n’existe pas',
        text: 'L’adresse nomme une maison d’un autre compte, ou qui a été supprimée.',
        action: 'Vers votre première maison',
    },
    home_timeout: {
        title: 'Votre maison n’a pas répondu à temps',
        text: 'Elle est lente, ou sa connexion vient d’être coupée. Un nouvel essai est fait automatiquement.',
    },
    emoncms_unreachable: {
        title: 'L’emoncms de la maison ne répond pas',
        text: 'La connexion à la maison fonctionne, mais l’emoncms là-bas ne répond pas.',
        checks: [
            'Redémarrez le serveur web ou tout l’appareil (emonPi, emonBase, Raspberry Pi).',
            'Son disque ou sa carte SD est-il plein ?',
            'À la maison, dans Setup → Accès à distance, l’adresse d’emoncms est-elle correcte ?',
        ],
    },
    emoncms_fault: {
        title: 'L’emoncms de la maison signale une erreur',
        text: 'Il a reçu la demande, mais n’a pas pu y répondre. Un nouvel essai est fait automatiquement.',
        checks: [
            'Le disque ou la carte SD de la maison est-il plein ?',
            'Sa base de données tourne-t-elle ? Redémarrer l’emonPi, l’emonBase ou le Raspberry Pi aide souvent.',
            'Que dit le journal, dans emoncms sous Setup → Admin ?',
        ],
    },
    emoncms_timeout: {
        title: 'L’emoncms de la maison est trop lent',
        text: 'Il n’a pas répondu à temps. Demandez moins à la fois, ou plus tard.',
    },
    emoncms_key: {
        title: 'L’emoncms de la maison refuse sa clé',
        text: 'Ses clés d’API ont peut-être changé. Enregistrez de nouveau les réglages dans Setup → Accès à distance à la maison.',
    },
    denied: {
        title: 'Votre maison ne le permet pas',
        text: (endpoint) =>
            `${endpoint} n’est pas dans la liste de ce qui peut être consulté. Vous seul pouvez le changer, à la maison.`,
        where: 'Setup → Accès à distance → Autorisations, dans l’emoncms de la maison.',
        action: 'Où le permettre :',
    },
    too_large: {
        title: 'C’est trop à la fois',
        text: 'Choisissez une durée plus courte ou un intervalle plus long.',
    },
    busy: { title: 'Trop de demandes à la fois', text: 'Nouvel essai dans un instant.' },
    broker_offline: {
        title: 'Le serveur se reconnecte',
        text: 'Il a perdu un instant son courtier de messages. Cette page reprendra d’elle-même.',
    },
    upstream: {
        title: 'emoncms.org est injoignable',
        text: 'Le serveur qui connaît votre compte est injoignable. Réessayez dans quelques minutes.',
    },
    bridge_gone: {
        title: 'Le serveur est injoignable',
        checks: ['Cet appareil est-il en ligne ?', 'Si oui, le serveur redémarre. Cette page reprendra d’elle-même.'],
    },
    database: {
        title: 'Le serveur a un problème avec sa base de données',
        text: 'Son opérateur en est averti. Cette page reprendra d’elle-même.',
    },
    renewed: {
        title: 'Cette vue a été renouvelée',
        text: 'Le serveur a une version plus récente que celle qui est ouverte ici. Rechargez la page.',
        action: 'Recharger',
    },
    unsafe: 'La maison a envoyé une réponse illisible',
    other: 'Une erreur s’est produite',
    emoncms_says: 'L’emoncms de la maison signale',
};

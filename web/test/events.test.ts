import { expect, test } from 'vitest';
import { de } from '../src/i18n/de';
import { en } from '../src/i18n/en';
import { fr } from '../src/i18n/fr';
import { detailOf } from '../src/logic/events';

test('an event names what it is about, and not by the numbers that programs use', () => {
    expect(detailOf('key-revoked', '123456789012')).toBe('');
    expect(detailOf('key-made', '123456789012 read Kitchen')).toBe('read Kitchen');
    expect(detailOf('home-added', 'cabin')).toBe('cabin');
    expect(detailOf('home-cut', 'cabin: it sent far more than it was asked for')).toBe('cabin');
});

test('a home that connects or is cut off is an event with words in every language', () => {
    for (const { events } of [en, de, fr]) {
        expect(events.kinds['home-connected']).toBeTruthy();
        expect(events.kinds['home-cut']).toBeTruthy();
    }
});

import { expect, test } from 'vitest';
import { listen } from '../src/parts/plot/gestures';
import type { Window } from '../src/logic/window';

/** An overlay 300 wide, and what fingers on it made be shown. */
function touched() {
    const over = Object.assign(new EventTarget(), {
        getBoundingClientRect: () => ({ left: 0, width: 300 }),
        setPointerCapture: () => {},
    });
    const shown: [Window, boolean][] = [];
    let window: Window = { start: 1000, end: 4000 };
    listen(over as unknown as HTMLElement, {
        window: () => window,
        show: (next, done) => {
            window = next;
            shown.push([next, done]);
        },
        live: () => {},
    });
    const finger = (type: string, clientX: number, pointerId = 1) =>
        over.dispatchEvent(Object.assign(new Event(type), { pointerType: 'touch', pointerId, clientX }));
    return { finger, shown };
}

test('a tap, even a shaky one, leaves a window that is live as it is', () => {
    const { finger, shown } = touched();
    finger('pointerdown', 100);
    finger('pointermove', 104);
    finger('pointerup', 104);
    expect(shown).toEqual([]);
});

test('a finger that drags moves the window, and is done when it is lifted', () => {
    const { finger, shown } = touched();
    finger('pointerdown', 200);
    finger('pointermove', 100);
    finger('pointerup', 100);
    expect(shown.at(-1)![1]).toBe(true);
    expect(shown.at(-1)![0].start).toBeGreaterThan(1900);
    finger('pointerdown', 100);
    finger('pointerup', 100);
    expect(shown).toHaveLength(2);
});

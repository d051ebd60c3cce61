// Wheel, drag with Shift, fingers and keys: how people move in time.

import { pan, pinch, zoom, type Window } from '../../logic/window';

interface Control {
    window: () => Window;
    /** Called again and again while a gesture goes on, and once with `done` at its end. */
    show: (window: Window, done: boolean) => void;
    live: () => void;
}

/** Up to this part of the width a finger that moves is one that taps. */
const TAP = 0.025;

/** On uPlot's own overlay. */
export function listen(over: HTMLElement, control: Control): void {
    const place = (event: MouseEvent) => {
        const box = over.getBoundingClientRect();
        return box.width > 0 ? (event.clientX - box.left) / box.width : 0.5;
    };
    let settle = 0;

    over.addEventListener(
        'wheel',
        (event) => {
            event.preventDefault();
            const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
            const turned = sideways ? event.deltaX || event.deltaY : event.deltaY;
            const part = Math.max(-1, Math.min(1, turned / 300));
            const next = sideways ? pan(control.window(), part * 0.3) : zoom(control.window(), 2 ** part, place(event));
            control.show(next, false);
            clearTimeout(settle);
            settle = window.setTimeout(() => control.show(control.window(), true), 160);
        },
        { passive: false },
    );

    /** Where each finger was when this gesture, or a part of it, began. */
    const began = new Map<number, number>();
    const fingers = new Map<number, number>();
    let from: Window | null = null;
    /** A tap, which no finger does quite without moving, looks at a point and leaves the window as it is. */
    let isMoved = false;
    const begin = () => {
        from = control.window();
        began.clear();
        fingers.forEach((at, id) => began.set(id, at));
    };
    over.addEventListener(
        'pointerdown',
        (event) => {
            if (event.pointerType !== 'touch' && !event.shiftKey) return;
            if (event.pointerType !== 'touch') event.stopImmediatePropagation();
            over.setPointerCapture(event.pointerId);
            fingers.set(event.pointerId, place(event));
            begin();
        },
        { capture: true },
    );
    // uPlot itself would begin to select.
    over.addEventListener('mousedown', (event) => event.shiftKey && event.stopImmediatePropagation(), {
        capture: true,
    });
    over.addEventListener('pointermove', (event) => {
        if (!from || !fingers.has(event.pointerId)) return;
        fingers.set(event.pointerId, place(event));
        const [a, b] = [...fingers.keys()];
        const moved = (id: number) => fingers.get(id)! - began.get(id)!;
        if (a !== undefined && b !== undefined) {
            isMoved = true;
            const before: [number, number] = [began.get(a)!, began.get(b)!];
            control.show(pinch(from, before, [fingers.get(a)!, fingers.get(b)!]), false);
        } else if (a !== undefined && (isMoved || Math.abs(moved(a)) > TAP)) {
            isMoved = true;
            control.show(pan(from, -moved(a)), false);
        }
    });
    const end = (event: PointerEvent) => {
        if (!fingers.delete(event.pointerId)) return;
        if (fingers.size > 0) begin();
        else {
            from = null;
            if (isMoved) control.show(control.window(), true);
            isMoved = false;
        }
    };
    over.addEventListener('pointerup', end);
    over.addEventListener('pointercancel', end);
}

/** What a key means here; false where nothing. */
export function press(key: string, control: Control): boolean {
    const show = (next: Window) => control.show(next, true);
    if (key === 'ArrowLeft') show(pan(control.window(), -0.25));
    else if (key === 'ArrowRight') show(pan(control.window(), 0.25));
    else if (key === '+' || key === '=') show(zoom(control.window(), 0.5));
    else if (key === '-') show(zoom(control.window(), 2));
    else if (key === '0') control.live();
    else return false;
    return true;
}

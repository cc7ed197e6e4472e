import { HOST_KINDS, imageOf } from './host-kinds.js';

// Tests build what they need by themselves; this is for having it before.
for (const kind of HOST_KINDS) await imageOf(kind);

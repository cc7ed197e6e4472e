/** What may run it: `read` looks, `operate` changes running services, `provision` changes hosts. */
export type Permission = 'read' | 'operate' | 'provision';

export const PERMISSIONS: readonly Permission[] = ['read', 'operate', 'provision'];

// Between fleuron.c and hooks.c.

#ifndef FLEURON_MEMORY_H
#define FLEURON_MEMORY_H

// To be called around every hook.
void fleuron_begin_call(void);
void fleuron_end_call(void);

#endif

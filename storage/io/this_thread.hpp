#pragma once

#include <string>

namespace leat::storage {

/// For tools that show threads: at most 15 characters.
void name_this_thread(const std::string& name);

/// Asks for short turns on the processor. A thread that mostly waits, for the disk or for sockets, then runs as soon as it is
/// woken, although others want the processor all the time; with turns of the usual length the scheduler may let those finish
/// theirs first, which is until its next tick (4 ms at 250 Hz) when they are of another session or control group. Its share of
/// the processor is the same. A setting of Linux's EEVDF scheduler (6.12), for which nobody needs a privilege; where there is
/// none, or it is refused, everything is as it was.
void shorten_turns_of_this_thread();

}  // namespace leat::storage

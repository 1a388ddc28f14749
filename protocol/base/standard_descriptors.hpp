#pragma once

namespace leat {

/// Takes up those of the descriptors 0 to 2 that a program was started without: the next file or socket it opens would become its
/// standard output. Reading and writing them goes on failing. Before anything else is opened.
void reserve_standard_descriptors();

}  // namespace leat

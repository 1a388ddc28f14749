// Asio's own code, compiled once for everybody who links leat_asio rather than in each file that includes it.
#include <boost/asio/impl/src.hpp>

// The code of Beast that is no template, compiled once for everybody who links leat_beast.
#include <boost/beast/src.hpp>

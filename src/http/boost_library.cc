// The parts of Asio and Beast that need compiling once; server.cc and request_reader.cc see their
// declarations alone, which halves the time those take.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>

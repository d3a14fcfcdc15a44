// What went wrong with a connection, as a user understands it. Inside the library only.
#pragma once

#include <chrono>
#include <string>

#include <boost/system/error_code.hpp>

namespace tarsier::net {

/// The system's words in lower case, as the middle of a sentence.
std::string words(const boost::system::error_code& ec);
/// "30 s", "250 ms".
std::string words(std::chrono::nanoseconds time);
/// The other side has closed, in good order or not.
bool is_end(const boost::system::error_code& ec);
/// Of a server that closed before its answer was whole.
std::string closed_words(bool answer_begun);

}  // namespace tarsier::net

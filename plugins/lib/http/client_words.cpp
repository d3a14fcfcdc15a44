#include "plugins/lib/http/client_words.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

namespace tarsier::net {

namespace asio = boost::asio;
using boost::system::error_code;

std::string words(const error_code& ec) {
  if (ec == asio::error::host_not_found || ec == asio::error::host_not_found_try_again) return "no such host";
  if (is_end(ec)) return "the connection was closed";
  std::string text = ec.message();
  if (!text.empty() && text.size() > 1 && text[1] >= 'a' && text[1] <= 'z') text[0] = static_cast<char>(text[0] | 0x20);
  return text;
}

std::string words(std::chrono::nanoseconds time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

bool is_end(const error_code& ec) { return ec == asio::error::eof || ec == asio::ssl::error::stream_truncated; }

std::string closed_words(bool answer_begun) {
  return answer_begun ? "the server closed the connection in the middle of its answer"
                      : "the server closed the connection without an answer";
}

}  // namespace tarsier::net

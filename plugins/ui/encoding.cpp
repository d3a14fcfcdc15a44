#include <algorithm>

#include "plugins/ui/assets.hpp"

namespace tarsier::ui {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// True for "q=0", "q=0.0", ...: not acceptable.
bool refused(std::string_view parameters) {
  const size_t q = parameters.find("q=0");
  return q != std::string_view::npos && parameters.find_first_not_of("0. \t", q + 3) == std::string_view::npos;
}

}  // namespace

Encoding choose_encoding(std::string_view accept_encoding) noexcept {
  bool brotli = false;
  bool gzip = false;
  while (!accept_encoding.empty()) {
    const size_t comma = std::min(accept_encoding.find(','), accept_encoding.size());
    const std::string_view item = accept_encoding.substr(0, comma);
    accept_encoding.remove_prefix(std::min(comma + 1, accept_encoding.size()));
    const size_t semicolon = std::min(item.find(';'), item.size());
    if (refused(item.substr(semicolon))) continue;
    const std::string_view name = trimmed(item.substr(0, semicolon));
    brotli = brotli || name == "br";
    gzip = gzip || name == "gzip";
  }
  return brotli ? Encoding::brotli : gzip ? Encoding::gzip : Encoding::plain;
}

}  // namespace tarsier::ui

// Negotiation.
#include "plugins/collect/scrape/protocol.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tarsier::scrape {
namespace {

std::string media_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  type.erase(std::remove_if(type.begin(), type.end(), [](char c) { return c == ' ' || c == '\t'; }), type.end());
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type;
}

}  // namespace

Result<void> check_content_type(std::string_view content_type, std::string_view fallback) {
  const std::string type = media_type(content_type);
  if (type == "text/plain") return {};
  if (type == "application/openmetrics-text" || type == "application/vnd.google.protobuf")
    return Error(TARSIER_UNSUPPORTED, "the target answers in " + type + ", which was not asked for and is not read");
  if (!fallback.empty()) return {};
  if (type.empty())
    return Error::invalid(
        "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target");
  return Error::invalid("received unsupported Content-Type \"" + std::string(content_type) +
                        "\" and no fallback_scrape_protocol specified for target");
}

std::string status_text(unsigned code) {
  constexpr std::array<std::pair<unsigned, const char*>, 22> kTexts = {{{201, "Created"},
                                                                        {202, "Accepted"},
                                                                        {204, "No Content"},
                                                                        {301, "Moved Permanently"},
                                                                        {302, "Found"},
                                                                        {303, "See Other"},
                                                                        {304, "Not Modified"},
                                                                        {307, "Temporary Redirect"},
                                                                        {308, "Permanent Redirect"},
                                                                        {400, "Bad Request"},
                                                                        {401, "Unauthorized"},
                                                                        {403, "Forbidden"},
                                                                        {404, "Not Found"},
                                                                        {405, "Method Not Allowed"},
                                                                        {406, "Not Acceptable"},
                                                                        {408, "Request Timeout"},
                                                                        {429, "Too Many Requests"},
                                                                        {500, "Internal Server Error"},
                                                                        {501, "Not Implemented"},
                                                                        {502, "Bad Gateway"},
                                                                        {503, "Service Unavailable"},
                                                                        {504, "Gateway Timeout"}}};
  std::string text = std::to_string(code);
  for (const auto& [known, words] : kTexts)
    if (known == code) text.append(" ").append(words);
  return text;
}

}  // namespace tarsier::scrape

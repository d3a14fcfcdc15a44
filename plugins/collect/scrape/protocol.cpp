// Negotiation.
#include "plugins/collect/scrape/protocol.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tarsier::scrape {
namespace {

/// Without blanks, in small letters.
std::string spelt_small(std::string_view text) {
  std::string out(text);
  out.erase(std::remove_if(out.begin(), out.end(), [](char c) { return c == ' ' || c == '\t'; }), out.end());
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::string media_type(std::string_view content_type) { return spelt_small(content_type.substr(0, content_type.find(';'))); }

struct Protocol {
  std::string_view name;
  std::string_view type;
  std::string_view parameters;
  Format format;
  bool escapes;  // it is told how names are to be escaped
};
constexpr std::string_view kOpenMetrics = "application/openmetrics-text", kText = "text/plain",
                           kProtobuf = "application/vnd.google.protobuf";
constexpr std::array kProtocols = {
    Protocol{"PrometheusProto", kProtobuf, ";proto=io.prometheus.client.MetricFamily;encoding=delimited", Format::protobuf, false},
    Protocol{"OpenMetricsText1.0.0", kOpenMetrics, ";version=1.0.0", Format::open_metrics, true},
    Protocol{"OpenMetricsText0.0.1", kOpenMetrics, ";version=0.0.1", Format::open_metrics, false},
    Protocol{"PrometheusText1.0.0", kText, ";version=1.0.0", Format::text, true},
    Protocol{"PrometheusText0.0.4", kText, ";version=0.0.4", Format::text, false}};

const Protocol* protocol_of(std::string_view name) {
  const auto found = std::find_if(kProtocols.begin(), kProtocols.end(), [&](const Protocol& one) { return one.name == name; });
  return found == kProtocols.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> default_protocols(bool native_histograms) {
  std::vector<std::string> names;
  for (const Protocol& protocol : kProtocols)
    if (native_histograms || protocol.format != Format::protobuf) names.emplace_back(protocol.name);
  return names;
}

std::string accept_header(std::span<const std::string> protocols, std::string_view escaping) {
  unsigned weight = 6;  // tenths; there are five protocols at the most
  std::string header;
  const auto weigh = [&] { header.append(";q=0.").append(std::to_string(weight--)); };
  for (const std::string& name : protocols) {
    const Protocol* const protocol = protocol_of(name);
    if (protocol == nullptr) continue;  // the schema has none
    header.append(protocol->type).append(protocol->parameters);
    if (protocol->escapes) header.append(";escaping=").append(escaping);
    weigh();
    header += ',';
  }
  header += "*/*";
  weigh();
  return header;
}

Result<Format> format_of(std::string_view content_type, std::string_view fallback) {
  const std::string type = media_type(content_type);
  if (type == kText) return Format::text;
  if (type == kOpenMetrics) return Format::open_metrics;
  if (type == kProtobuf) {
    if (std::string_view(spelt_small(content_type)).find("encoding=text") == std::string_view::npos) return Format::protobuf;
    return Error(TARSIER_UNSUPPORTED, "the target answers in protobuf as text, which is not read");
  }
  if (const Protocol* const protocol = protocol_of(fallback)) return protocol->format;
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

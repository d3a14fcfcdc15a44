#include "core/host/cli/doctor/running_host.hpp"

#include <cstdlib>

#include "core/host/cli/doctor/json_view.hpp"

namespace tarsier::host::cli {
namespace {

constexpr ShortLimits kLimits = {std::chrono::seconds(20), size_t{64} << 20U};

std::string percent_encoded(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (plain) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return out;
}

std::string with_parameters(std::string path, const Parameters& parameters) {
  char before = '?';
  for (const auto& [name, value] : parameters) {
    path.append(1, before).append(name).append("=").append(percent_encoded(value));
    before = '&';
  }
  return path;
}

Result<boost::json::value> parse(const ShortAnswer& answer, const std::string& path) {
  boost::system::error_code malformed;
  boost::json::parse_options options;
  options.max_depth = 1000;  // an expression is a tree
  boost::json::value whole = boost::json::parse(answer.body, malformed, {}, options);
  if (!malformed) return whole;
  return Error::unavailable(path + " answered " + std::to_string(answer.code) + " and no JSON: " + answer.body.substr(0, 200));
}

}  // namespace

Result<RunningHost> RunningHost::reach(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  if (url.starts_with("https://"))
    return Error::invalid(url + ": only http:// is spoken here: say --url of an entrypoint without TLS");
  std::string rest = url.starts_with(kScheme) ? url.substr(kScheme.size()) : url;
  while (rest.ends_with('/')) rest.pop_back();
  const size_t slash = std::min(rest.find('/'), rest.size());
  RunningHost host(rest.substr(0, slash), rest.substr(slash));
  const size_t colon = host.address_.rfind(':');
  if (host.address_.empty() || host.address_.ends_with(':') || host.address_.find_first_of("?#@ ") != std::string::npos)
    return Error::invalid("'" + url + "' is no URL of a host: expected http://127.0.0.1:3001");
  if (colon == std::string::npos || host.address_.find(']', colon) != std::string::npos) host.address_ += ":80";
  auto answer = host.get("/-/healthy");
  if (!answer) return std::move(answer).error();
  if (answer->code != 200)
    return Error::unavailable(host.url() + " answers " + std::to_string(answer->code) + " to /-/healthy: it is no Tarsier");
  const auto below = host.get("/prometheus/api/v1/status/buildinfo");
  if (below && below->code == 200 && below->content_type.starts_with("application/json")) host.prometheus_ = "/prometheus";
  return host;
}

Result<ShortAnswer> RunningHost::get(const std::string& path, const Parameters& parameters) const {
  return short_get(address_, prefix_ + with_parameters(path, parameters), kLimits);
}

Result<boost::json::value> RunningHost::prometheus(const std::string& path, const Parameters& parameters) const {
  const std::string whole = prometheus_ + "/api/v1/" + path;
  auto answer = get(whole, parameters);
  if (!answer) return std::move(answer).error();
  if (answer->code == 404) return Error::not_found(url() + whole + " is not there: the plugin that answers it does not run");
  auto json = parse(*answer, whole);
  if (!json) return json;
  if (text_at(*json, "status") != "success") return Error::invalid(text_at(*json, "error"));
  const boost::json::value* data = member(*json, "data");
  return data == nullptr ? boost::json::value() : *data;
}

Result<boost::json::value> RunningHost::alertmanager(const std::string& path, const Parameters& parameters) const {
  const std::string whole = (prometheus_.empty() ? "" : "/alertmanager") + std::string("/api/v2/") + path;
  auto answer = get(whole, parameters);
  if (!answer) return std::move(answer).error();
  if (answer->code == 404) return Error::not_found("Alertmanager's API is not at " + url());
  return parse(*answer, whole);
}

Result<boost::json::array> RunningHost::query(const std::string& expression) const {
  auto data = prometheus("query", {{"query", expression}});
  if (!data) return std::move(data).error();
  return array_at(*data, "result");
}

double sample_value(const boost::json::value& series) {
  const boost::json::array& value = array_at(series, "value");
  if (value.size() != 2 || !value[1].is_string()) return 0;
  return std::strtod(value[1].get_string().c_str(), nullptr);
}

}  // namespace tarsier::host::cli

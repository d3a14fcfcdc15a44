#include "plugins/query/promql/api/host_state.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {

std::string told_by(const Host& host, void (*write)(const tarsier_host*, tarsier_sink)) {
  std::string text;
  write(host.raw(), {&text, [](void* user, tarsier_bytes piece) { *static_cast<std::string*>(user) += view(piece); }});
  return text;
}

std::optional<std::string> config_text(std::string_view document, std::string_view table, std::string_view key) {
  const std::string header = "[" + std::string(table) + "]", begins = std::string(key) + " = ";
  bool inside = false;
  while (!document.empty()) {
    const std::string_view line = document.substr(0, document.find('\n'));
    document.remove_prefix(std::min(line.size() + 1, document.size()));
    if (line.starts_with('[')) {
      inside = line == header;  // each value stands on the line of its key
    } else if (inside && line.starts_with(begins)) {
      return unquote(line.substr(begins.size()));
    }
  }
  return std::nullopt;
}

Result<HostState> HostState::of(const Host& host) {
  boost::system::error_code malformed;
  const boost::json::value told = boost::json::parse(told_by(host, host.control->build_json), malformed);
  if (malformed || !told.is_object()) return Error::internal("the host does not say how it is: " + malformed.message());
  const auto text = [&](const char* key) {
    const auto* found = told.get_object().if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
  };
  HostState state{text("started_at"), text("config_file"), text("config_loaded_at"), text("revision"), text("built"), std::nullopt};
  if (const auto* ok = told.get_object().if_contains("config_ok"); ok != nullptr && ok->is_bool()) state.config_ok = ok->get_bool();
  return state;
}

std::string build_date(std::string_view rfc3339) {
  const size_t time = std::min(rfc3339.find('T'), rfc3339.size());
  std::string date(rfc3339.substr(0, time));
  std::erase(date, '-');
  if (time == rfc3339.size()) return date;
  rfc3339.remove_prefix(time + 1);
  return date.append("-").append(rfc3339.substr(0, rfc3339.find('Z')));
}

}  // namespace tarsier::promql

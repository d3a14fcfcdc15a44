#include "plugins/query/promql/api/host_state.hpp"

#include <boost/json.hpp>

namespace tarsier::promql {

std::string told_by(const Host& host, void (*write)(const tarsier_host*, tarsier_sink)) {
  std::string text;
  write(host.raw(), {&text, [](void* user, tarsier_bytes piece) { *static_cast<std::string*>(user) += view(piece); }});
  return text;
}

Result<HostState> HostState::of(const Host& host) {
  boost::system::error_code malformed;
  const boost::json::value told = boost::json::parse(told_by(host, host.control->build_json), malformed);
  if (malformed || !told.is_object()) return Error::internal("the host does not say how it is: " + malformed.message());
  const auto text = [&](const char* key) {
    const auto* found = told.get_object().if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
  };
  HostState state{text("version"),    text("revision"),         text("compiler"), text("built"),
                  text("started_at"), text("config_loaded_at"), std::nullopt};
  if (const auto* ok = told.get_object().if_contains("config_ok"); ok != nullptr && ok->is_bool()) state.config_ok = ok->get_bool();
  return state;
}

}  // namespace tarsier::promql

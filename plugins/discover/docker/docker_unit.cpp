#include "plugins/discover/docker/docker_unit.hpp"

#include <boost/json.hpp>

namespace tarsier::discover_docker {
namespace {

constexpr uint64_t kMaxBodyBytes = uint64_t{64} << 20U;

/// "unix:///var/run/docker.sock" and "tcp://host:2375" as the HTTP client writes them.
Result<std::string> base_of(const Config& node) {
  std::string text = node.string();
  while (text.ends_with('/')) text.pop_back();
  if (text.starts_with("unix:///") && text.find(':', 8) == std::string::npos) return text + ":";
  for (const std::string_view scheme : {"tcp://", "http://", "https://"}) {
    if (!text.starts_with(scheme) || text.size() == scheme.size()) continue;
    return scheme == "tcp://" ? "http://" + text.substr(scheme.size()) : text;
  }
  return node.invalid("'" + node.string() + "' is no daemon: expected unix:///path, tcp://, http:// or https://");
}

/// {"label": {"a=b": true}}
Result<std::string> filters_of(const Config& list) {
  boost::json::object filters;
  for (uint64_t i = 0; i < list.size(); ++i) {
    const std::string name = list.at(i)["name"].string();
    const Config values = list.at(i)["values"];
    if (name.empty() || values.size() == 0) return list.at(i).invalid("a filter has a name and values");
    boost::json::value& entry = filters[name];
    if (entry.is_null()) entry.emplace_object();
    for (uint64_t k = 0; k < values.size(); ++k) entry.as_object()[values.at(k).string()] = true;
  }
  return filters.empty() ? std::string() : boost::json::serialize(filters);
}

}  // namespace

std::string Settings::subject() const {
  std::string text = "the containers of " + base;
  if (!filters.empty()) text += " with " + filters;
  return text + ", port " + std::to_string(shape.port) + ", host " + shape.host_networking_host +
         (shape.match_first_network ? ", first network" : ", all networks");
}

Result<Settings> DockerUnit::read(const Config& entry, const Config&) {
  auto base = base_of(entry["host"]);
  if (!base) return std::move(base).error();
  auto filters = filters_of(entry["filters"]);
  if (!filters) return std::move(filters).error();
  auto http = discovery::read_http_options(entry);
  if (!http) return std::move(http).error();
  Settings settings;
  settings.job_name = entry["job_name"].string();
  settings.base = std::move(*base);
  settings.filters = std::move(*filters);
  settings.shape = {static_cast<uint16_t>(entry["port"].integer()), entry["host_networking_host"].string(),
                    entry["match_first_network"].boolean()};
  settings.refresh_interval_ns = entry["refresh_interval"].duration_ns();
  settings.http = std::move(*http);
  return settings;
}

Result<void> DockerUnit::start() {
  http_ = ServiceRef<tarsier_http>(host_, TARSIER_HTTP_SERVICE);
  share_.claim(source_);
  return rounds_.start(host_, "containers of " + settings_.job_name, settings_.refresh_interval_ns,
                       [this] { ask("/networks", &DockerUnit::take_networks); });
}

void DockerUnit::ask(const std::string& path, void (DockerUnit::*take)(const Answer&)) {
  discovery::HttpQuestion question;
  question.url = settings_.base + path;
  question.timeout_ns = settings_.refresh_interval_ns;
  question.max_body_bytes = kMaxBodyBytes;
  const auto asked = discovery::ask(host_, http_, settings_.http, question,
                                    [self = shared_from_this(), take](const Answer& answer) { ((*self).*take)(answer); });
  if (!asked) (this->*take)(asked.error());
}

void DockerUnit::take_networks(const Answer& answer) {
  const bool goes_on = rounds_.take([&] {
    auto networks = answer ? parse_networks(answer->body()) : Result<NetworkLabels>(answer.error());
    if (!networks) return finish(Error(networks.error()).in("networks"));
    networks_ = std::move(*networks);
    return true;
  });
  if (!goes_on) return;
  ask("/containers/json" + (settings_.filters.empty() ? "" : "?filters=" + discovery::percent_encode(settings_.filters)),
      &DockerUnit::take_containers);
}

void DockerUnit::take_containers(const Answer& answer) {
  rounds_.take([&] {
    auto targets =
        answer ? parse_containers(answer->body(), networks_, settings_.shape) : Result<std::vector<TargetLabels>>(answer.error());
    if (!targets) return finish(Error(targets.error()).in("containers"));
    share_.set(source_, std::move(*targets));
    return finish({});
  });
}

/// Always false: the round does not go on.
bool DockerUnit::finish(const Result<void>& outcome) {
  share_.refreshed(source_, outcome ? Result<void>() : Result<void>(Error(outcome.error()).in(settings_.base)));
  return false;
}

}  // namespace tarsier::discover_docker

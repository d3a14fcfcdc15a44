#include "plugins/discover/docker/docker_answers.hpp"

#include "plugins/lib/discovery/json_answer.hpp"

namespace tarsier::discover_docker {
namespace {

namespace bj = boost::json;
using discovery::add;
using discovery::add_all;
using discovery::find;
using discovery::table;
using discovery::text;
using NetworkLabels = std::map<std::string, TargetLabels>;
using Containers = std::map<std::string, const bj::object*, std::less<>>;  // by id
using Networks = std::map<std::string, const bj::object*>;                 // of a container, by name

std::string flag(const bj::object& in, std::string_view key) {
  const bj::value* found = find(in, key);
  return found != nullptr && found->as_bool() ? "true" : "false";
}

std::string network_mode(const bj::object& container) {
  const bj::object none;
  return text(table(container, "HostConfig", none), "NetworkMode");
}

Networks own_networks(const bj::object& container) {
  Networks networks;
  const bj::value* settings = find(container, "NetworkSettings");
  const bj::value* list = settings == nullptr ? nullptr : find(settings->as_object(), "Networks");
  if (list == nullptr) return networks;
  for (const auto& entry : list->as_object())
    if (!entry.value().is_null()) networks.emplace(std::string_view(entry.key()), &entry.value().as_object());
  return networks;
}

/// A container that has none may share those of another, which may share those of a third: no more steps than there are containers.
Networks networks_of(const bj::object& container, const Containers& all) {
  constexpr std::string_view kShared = "container:";
  const bj::object* at = &container;
  for (size_t steps = 0; steps <= all.size(); ++steps) {
    Networks networks = own_networks(*at);
    const std::string mode = network_mode(*at);
    if (!networks.empty() || !mode.starts_with(kShared)) return networks;
    const auto other = all.find(std::string_view(mode).substr(kShared.size()));
    if (other == all.end()) return {};
    at = other->second;
  }
  return {};
}

TargetLabels common_labels(const bj::object& container, const std::string& name) {
  const bj::object none;
  TargetLabels labels;
  add(labels, "__meta_docker_container_id", text(container, "Id"));
  add(labels, "__meta_docker_container_name", name);
  add(labels, "__meta_docker_container_image", text(container, "Image"));
  add(labels, "__meta_docker_container_image_id", text(container, "ImageID"));
  add(labels, "__meta_docker_container_network_mode", network_mode(container));
  add_all(labels, "__meta_docker_container_label_", table(container, "Labels", none));
  return labels;
}

int64_t number(const bj::object& in, std::string_view key) {
  const bj::value* found = find(in, key);
  return found == nullptr ? 0 : found->to_number<int64_t>();
}

/// The targets of a container in one network; `labels` are those of both.
void add_targets(std::vector<TargetLabels>& out, const bj::object& container, const std::string& ip, TargetLabels labels,
                 const Shape& shape) {
  add(labels, "__meta_docker_network_ip", ip);
  bool added = false;
  const bj::value* ports = find(container, "Ports");
  if (ports != nullptr) {
    for (const bj::value& entry : ports->as_array()) {
      const bj::object& port = entry.as_object();
      if (text(port, "Type") != "tcp") continue;
      TargetLabels target = labels;
      const std::string inner = std::to_string(number(port, "PrivatePort"));
      target.insert_or_assign("__meta_docker_port_private", inner);
      if (const int64_t outer = number(port, "PublicPort"); outer > 0) {
        target.insert_or_assign("__meta_docker_port_public", std::to_string(outer));
        add(target, "__meta_docker_port_public_ip", text(port, "IP"));
      }
      target.insert_or_assign("__address__", discovery::join_host_port(ip, inner));
      out.push_back(std::move(target));
      added = true;
    }
  }
  if (added) return;
  const bool in_host_network = network_mode(container) == "host";
  labels.insert_or_assign("__address__",
                          in_host_network ? shape.host_networking_host : discovery::join_host_port(ip, std::to_string(shape.port)));
  out.push_back(std::move(labels));
}

void add_container(std::vector<TargetLabels>& out, const bj::object& container, const Containers& all, const NetworkLabels& known,
                   const Shape& shape) {
  const bj::value* names = find(container, "Names");
  if (names == nullptr || names->as_array().empty()) return;
  const TargetLabels labels = common_labels(container, std::string(std::string_view(names->as_array()[0].as_string())));
  for (const auto& [name, network] : networks_of(container, all)) {
    TargetLabels both = labels;
    if (const auto network_labels = known.find(text(*network, "NetworkID")); network_labels != known.end())
      both.insert(network_labels->second.begin(), network_labels->second.end());
    add_targets(out, container, text(*network, "IPAddress"), std::move(both), shape);
    if (shape.match_first_network) return;  // by name
  }
}

}  // namespace

Result<NetworkLabels> parse_networks(std::string_view body) {
  return discovery::parse_answer(body, [](const bj::value& root) {
    NetworkLabels networks;
    const bj::object none;
    if (root.is_null()) return networks;
    for (const bj::value& entry : root.as_array()) {
      const bj::object& network = entry.as_object();
      TargetLabels& labels = networks[text(network, "Id")];
      add(labels, "__meta_docker_network_id", text(network, "Id"));
      add(labels, "__meta_docker_network_name", text(network, "Name"));
      add(labels, "__meta_docker_network_scope", text(network, "Scope"));
      add(labels, "__meta_docker_network_internal", flag(network, "Internal"));
      add(labels, "__meta_docker_network_ingress", flag(network, "Ingress"));
      add_all(labels, "__meta_docker_network_label_", table(network, "Labels", none));
    }
    return networks;
  });
}

Result<std::vector<TargetLabels>> parse_containers(std::string_view body, const NetworkLabels& networks, const Shape& shape) {
  return discovery::parse_answer(body, [&](const bj::value& root) {
    std::vector<TargetLabels> targets;
    if (root.is_null()) return targets;
    Containers all;
    for (const bj::value& entry : root.as_array()) all.emplace(text(entry.as_object(), "Id"), &entry.as_object());
    for (const bj::value& entry : root.as_array()) add_container(targets, entry.as_object(), all, networks, shape);
    return targets;
  });
}

}  // namespace tarsier::discover_docker

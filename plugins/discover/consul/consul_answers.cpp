#include "plugins/discover/consul/consul_answers.hpp"

#include "plugins/lib/discovery/json_answer.hpp"

namespace tarsier::discover_consul {
namespace {

namespace bj = boost::json;

using discovery::add;
using discovery::add_all;
using discovery::find;
using discovery::table;
using discovery::text;

/// Of all checks of node and service: maintenance before critical before warning before passing; "" when one is in a state that is
/// none.
std::string aggregated_status(const bj::object& instance) {
  const bj::value* checks = find(instance, "Checks");
  bool maintenance = false, warning = false, critical = false;
  if (checks == nullptr) return "passing";
  for (const bj::value& entry : checks->as_array()) {
    const bj::object& check = entry.as_object();
    const std::string id = text(check, "CheckID"), status = text(check, "Status");
    if (id == "_node_maintenance" || id.starts_with("_service_maintenance:")) {
      maintenance = true;
    } else if (status == "warning") {
      warning = true;
    } else if (status == "critical") {
      critical = true;
    } else if (status != "passing") {
      return {};
    }
  }
  if (maintenance) return "maintenance";
  return critical ? "critical" : warning ? "warning" : "passing";
}

/// With a separator at both ends, so that a regular expression need not know where a tag stands.
std::string joined_tags(const bj::object& service, const std::string& separator) {
  std::string joined = separator;
  const bj::value* tags = find(service, "Tags");
  if (tags != nullptr) {
    for (const bj::value& tag : tags->as_array())
      joined.append(joined.size() > separator.size() ? separator : "").append(std::string_view(tag.as_string()));
  }
  return joined + separator;
}

TargetLabels target_of(const bj::object& instance, const Settings& settings) {
  const bj::object none;
  const bj::object &node = table(instance, "Node", none), &service = table(instance, "Service", none);
  const std::string node_address = text(node, "Address"), service_address = text(service, "Address");
  const bj::value* number = find(service, "Port");
  const std::string port = std::to_string(number == nullptr ? 0 : number->to_number<int64_t>());
  // A service may be registered by a node that it does not run on: its own address comes first.
  const std::string& host = service_address.empty() ? node_address : service_address;
  TargetLabels labels;
  labels.emplace("__address__", discovery::join_host_port(host, port));
  add(labels, "__meta_consul_address", node_address);
  add(labels, "__meta_consul_node", text(node, "Node"));
  add(labels, "__meta_consul_namespace", text(service, "Namespace"));
  add(labels, "__meta_consul_partition", text(service, "Partition"));
  add(labels, "__meta_consul_tags", joined_tags(service, settings.tag_separator));
  add(labels, "__meta_consul_service_address", service_address);
  add(labels, "__meta_consul_service_port", port);
  add(labels, "__meta_consul_service_id", text(service, "ID"));
  add(labels, "__meta_consul_health", aggregated_status(instance));
  add_all(labels, "__meta_consul_metadata_", table(node, "Meta", none));
  add_all(labels, "__meta_consul_service_metadata_", table(service, "Meta", none));
  add_all(labels, "__meta_consul_tagged_address_", table(node, "TaggedAddresses", none));
  return labels;
}

}  // namespace

Result<std::string> parse_agent(std::string_view body) {
  auto datacenter = discovery::parse_answer(body, [](const bj::value& root) {
    const bj::object none;
    return text(table(root.as_object(), "Config", none), "Datacenter");
  });
  if (datacenter && datacenter->empty()) return Error::invalid("the agent does not say which datacenter it is in");
  return datacenter;
}

Result<Services> parse_catalog(std::string_view body) {
  return discovery::parse_answer(body, [](const bj::value& root) {
    Services services;
    if (root.is_null()) return services;
    for (const auto& entry : root.as_object()) {
      std::vector<std::string>& tags = services[std::string(std::string_view(entry.key()))];
      if (entry.value().is_null()) continue;
      for (const bj::value& tag : entry.value().as_array()) tags.emplace_back(std::string_view(tag.as_string()));
    }
    return services;
  });
}

Result<std::vector<TargetLabels>> parse_health(std::string_view body, const Settings& settings, const std::string& service,
                                               const std::string& datacenter) {
  return discovery::parse_answer(body, [&](const bj::value& root) {
    std::vector<TargetLabels> targets;
    if (root.is_null()) return targets;
    for (const bj::value& instance : root.as_array()) {
      targets.push_back(target_of(instance.as_object(), settings));
      add(targets.back(), "__meta_consul_service", service);
      add(targets.back(), "__meta_consul_dc", datacenter);
    }
    return targets;
  });
}

}  // namespace tarsier::discover_consul

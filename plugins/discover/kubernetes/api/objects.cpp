#include "plugins/discover/kubernetes/api/objects.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "plugins/lib/discovery/json_answer.hpp"

namespace tarsier::discover_kubernetes {
namespace {

namespace bj = boost::json;

// Of a pod, and of each container; each address of a service is compared with all of them.
constexpr size_t kMaxContainers = 200, kMaxPorts = 200;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

/// An object of an answer, or one that is not there, which has nothing. What is null counts as not there.
class Fields {
 public:
  explicit Fields(const bj::object* of) : of_(of) {}

  const bj::value* find(std::string_view key) const { return of_ == nullptr ? nullptr : discovery::find(*of_, key); }
  bool has(std::string_view key) const { return find(key) != nullptr; }
  Fields table(std::string_view key) const {
    const bj::value* found = find(key);
    return Fields(found == nullptr ? nullptr : &found->as_object());
  }
  std::string text(std::string_view key) const { return of_ == nullptr ? std::string() : discovery::text(*of_, key); }
  int64_t number(std::string_view key) const {
    const bj::value* found = find(key);
    return found == nullptr ? 0 : found->to_number<int64_t>();
  }
  std::optional<bool> flag(std::string_view key) const {
    const bj::value* found = find(key);
    return found == nullptr ? std::nullopt : std::optional<bool>(found->as_bool());
  }
  std::vector<std::string> strings(std::string_view key) const {
    std::vector<std::string> out;
    const bj::value* list = find(key);
    if (list == nullptr) return out;
    for (const bj::value& entry : list->as_array()) out.emplace_back(std::string_view(entry.as_string()));
    return out;
  }
  Pairs pairs(std::string_view key) const {
    Pairs out;
    const bj::value* values = find(key);
    if (values == nullptr) return out;
    for (const auto& entry : values->as_object()) {
      const bj::value& value = entry.value();
      out.emplace_back(std::string_view(entry.key()), value.is_null() ? std::string_view() : std::string_view(value.as_string()));
    }
    return out;
  }
  /// One for each object of a list.
  template <class Read>
  void each(std::string_view key, Read&& read) const {
    const bj::value* list = find(key);
    if (list == nullptr) return;
    for (const bj::value& entry : list->as_array()) read(Fields(&entry.as_object()));
  }

 private:
  const bj::object* of_;
};

Meta read_meta(const Fields& object) {
  const Fields from = object.table("metadata");
  Meta meta;
  meta.name_space = from.text("namespace");
  meta.name = from.text("name");
  meta.uid = from.text("uid");
  meta.version = from.text("resourceVersion");
  meta.labels = from.pairs("labels");
  meta.annotations = from.pairs("annotations");
  from.each("ownerReferences", [&](const Fields& owner) {
    if (!meta.controller_kind.empty() || !owner.flag("controller").value_or(false)) return;
    meta.controller_kind = owner.text("kind");
    meta.controller_name = owner.text("name");
  });
  if (meta.name.empty()) throw std::invalid_argument("an object has no name");
  return meta;
}

Node read_node(const Fields& spec, const Fields& status) {
  Node node;
  node.provider_id = spec.text("providerID");
  status.each("conditions",
              [&](const Fields& from) { node.conditions.emplace_back(lower(from.text("type")), lower(from.text("status"))); });
  status.each("addresses", [&](const Fields& from) { node.addresses.emplace_back(from.text("type"), from.text("address")); });
  node.kubelet_port = status.table("daemonEndpoints").table("kubeletEndpoint").number("Port");
  return node;
}

void read_containers(const Fields& spec, const Fields& status, bool init, std::vector<Container>& out) {
  const size_t first = out.size();
  spec.each(init ? "initContainers" : "containers", [&](const Fields& from) {
    if (out.size() == kMaxContainers) return;
    Container& container = out.emplace_back();
    container.name = from.text("name");
    container.image = from.text("image");
    container.init = init;
    from.each("ports", [&](const Fields& port) {
      if (container.ports.size() == kMaxPorts) return;
      container.ports.push_back({port.text("name"), port.text("protocol"), port.number("containerPort")});
    });
  });
  std::map<std::string, std::string> ids;  // the first of a name counts
  status.each(init ? "initContainerStatuses" : "containerStatuses",
              [&](const Fields& from) { ids.emplace(from.text("name"), from.text("containerID")); });
  for (size_t i = first; i < out.size(); ++i)
    if (const auto id = ids.find(out[i].name); id != ids.end()) out[i].id = id->second;
}

Pod read_pod(const Fields& spec, const Fields& status) {
  Pod pod;
  pod.ip = status.text("podIP");
  pod.host_ip = status.text("hostIP");
  pod.phase = status.text("phase");
  pod.node = spec.text("nodeName");
  bool known = false;
  status.each("conditions", [&](const Fields& condition) {
    if (known || condition.text("type") != "Ready") return;
    pod.ready = lower(condition.text("status"));
    known = true;
  });
  read_containers(spec, status, false, pod.containers);
  read_containers(spec, status, true, pod.containers);
  return pod;
}

std::vector<ServicePort> read_ports(const Fields& in) {
  std::vector<ServicePort> ports;
  in.each("ports", [&](const Fields& port) { ports.push_back({port.text("name"), port.text("protocol"), port.number("port")}); });
  return ports;
}

Service read_service(const Fields& spec, const Fields& status) {
  Service service;
  service.type = spec.text("type");
  service.cluster_ip = spec.text("clusterIP");
  service.external_name = spec.text("externalName");
  service.ports = read_ports(spec);
  status.table("loadBalancer").each("ingress", [&](const Fields& from) {
    const std::string ip = from.text("ip");
    if (!ip.empty()) service.load_balancer_ip.append(service.load_balancer_ip.empty() ? "" : ",").append(ip);
  });
  if (service.load_balancer_ip.empty()) service.load_balancer_ip = spec.text("loadBalancerIP");
  const std::string policy = spec.text("ipFamilyPolicy");
  if (policy == "PreferDualStack" || policy == "RequireDualStack") {
    const std::vector<std::string> families = spec.strings("ipFamilies");
    if (!families.empty()) service.primary_family = families.front();
  }
  return service;
}

TargetRef read_target(const Fields& in) {
  const Fields from = in.table("targetRef");
  return {from.text("kind"), from.text("namespace"), from.text("name")};
}

Endpoints read_endpoints(const Fields& object) {
  Endpoints endpoints;
  object.each("subsets", [&](const Fields& from) {
    Subset& subset = endpoints.subsets.emplace_back();
    const auto address = [](const Fields& in) {
      return EndpointAddress{in.text("ip"), in.text("hostname"), in.text("nodeName"), read_target(in)};
    };
    from.each("addresses", [&](const Fields& in) { subset.ready.push_back(address(in)); });
    from.each("notReadyAddresses", [&](const Fields& in) { subset.not_ready.push_back(address(in)); });
    subset.ports = read_ports(from);
  });
  return endpoints;
}

EndpointSlice read_slice(const Fields& object) {
  EndpointSlice slice;
  slice.address_type = object.text("addressType");
  object.each("ports", [&](const Fields& from) {
    SlicePort& port = slice.ports.emplace_back();
    port.name = from.text("name");
    port.protocol = from.text("protocol");
    port.app_protocol = from.text("appProtocol");
    if (from.has("port")) port.number = from.number("port");
  });
  object.each("endpoints", [&](const Fields& from) {
    SliceEndpoint& endpoint = slice.endpoints.emplace_back();
    const Fields conditions = from.table("conditions");
    endpoint.addresses = from.strings("addresses");
    endpoint.ready = conditions.flag("ready");
    endpoint.serving = conditions.flag("serving");
    endpoint.terminating = conditions.flag("terminating");
    endpoint.hostname = from.text("hostname");
    endpoint.node = from.text("nodeName");
    endpoint.zone = from.text("zone");
    endpoint.target = read_target(from);
    endpoint.topology = from.pairs("deprecatedTopology");
  });
  return slice;
}

Ingress read_ingress(const Fields& spec) {
  Ingress ingress;
  ingress.class_name = spec.text("ingressClassName");
  spec.each("tls", [&](const Fields& from) {
    for (std::string& host : from.strings("hosts")) ingress.tls_hosts.push_back(std::move(host));
  });
  spec.each("rules", [&](const Fields& from) {
    IngressRule& rule = ingress.rules.emplace_back();
    rule.host = from.text("host");
    if (!from.has("http")) return rule.paths.emplace_back("/"), void();
    from.table("http").each("paths", [&](const Fields& in) {
      std::string path = in.text("path");
      rule.paths.push_back(path.empty() ? "/" : std::move(path));
    });
  });
  return ingress;
}

}  // namespace

std::string_view Meta::label(std::string_view wanted) const {
  const auto found = std::ranges::find(labels, wanted, &std::pair<std::string, std::string>::first);
  return found == labels.end() ? std::string_view() : std::string_view(found->second);
}

ObjectPtr read_object(Kind kind, const bj::object& json) {
  auto object = std::make_shared<Object>();
  const Fields fields(&json);
  object->meta = read_meta(fields);
  const Fields spec = fields.table("spec"), status = fields.table("status");
  switch (kind) {
    case Kind::node:
      object->body = read_node(spec, status);
      break;
    case Kind::pod:
      object->body = read_pod(spec, status);
      break;
    case Kind::service:
      object->body = read_service(spec, status);
      break;
    case Kind::endpoints:
      object->body = read_endpoints(fields);
      break;
    case Kind::endpointslice:
      object->body = read_slice(fields);
      break;
    case Kind::ingress:
      object->body = read_ingress(spec);
      break;
    case Kind::name_space:
    case Kind::replica_set:
    case Kind::job:
      break;
  }
  return object;
}

}  // namespace tarsier::discover_kubernetes

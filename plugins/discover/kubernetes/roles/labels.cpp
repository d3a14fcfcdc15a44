#include "plugins/discover/kubernetes/roles/labels.hpp"

#include <algorithm>

#include "plugins/lib/discovery/json_answer.hpp"

namespace tarsier::discover_kubernetes {
namespace {

constexpr std::string_view kPrefix = "__meta_kubernetes_";

/// The name of who controls the object of that kind and name, when that is a `wanted`.
std::string controller_of(Kind kind, const Meta& pod, std::string_view wanted, Surroundings& around) {
  const ObjectPtr owner = around.find(kind, pod.name_space, pod.controller_name);
  if (owner == nullptr || owner->meta.controller_kind != wanted) return {};
  return owner->meta.controller_name;
}

}  // namespace

std::string meta(std::string_view name) { return std::string(kPrefix).append(name); }

void add_meta(TargetLabels& labels, std::string_view name, std::string value) {
  discovery::add(labels, meta(name), std::move(value));
}

std::string text_of(bool value) { return value ? "true" : "false"; }

void add_families(TargetLabels& labels, std::string_view what, const Meta& from) {
  const auto add = [&](const Pairs& pairs, std::string_view family) {
    const std::string name = meta(what).append("_").append(family);
    for (const auto& [key, value] : pairs) {
      discovery::add(labels, discovery::label_name(name + "_", key), value);
      labels.insert_or_assign(discovery::label_name(name + "present_", key), "true");
    }
  };
  add(from.labels, "label");
  add(from.annotations, "annotation");
}

void add_object(TargetLabels& labels, std::string_view what, const Meta& from) {
  add_meta(labels, std::string(what) + "_name", from.name);
  add_families(labels, what, from);
}

bool add_node(TargetLabels& labels, const std::string& name, Surroundings& around) {
  const ObjectPtr node = around.find(Kind::node, "", name);
  if (node != nullptr) add_object(labels, "node", node->meta);
  return node != nullptr;
}

void add_namespace(TargetLabels& labels, const std::string& name, const Attach& attach, Surroundings& around) {
  if (!attach.name_space) return;
  if (const ObjectPtr found = around.find(Kind::name_space, "", name)) add_families(labels, "namespace", found->meta);
}

void add_service(TargetLabels& labels, const Meta& service) {
  add_meta(labels, "namespace", service.name_space);
  add_object(labels, "service", service);
}

void add_pod(TargetLabels& labels, const Meta& from, const Pod& pod, const Attach& attach, Surroundings& around) {
  add_meta(labels, "pod_ip", pod.ip);
  add_meta(labels, "pod_ready", pod.ready);
  add_meta(labels, "pod_phase", pod.phase);
  add_meta(labels, "pod_node_name", pod.node);
  add_meta(labels, "pod_host_ip", pod.host_ip);
  add_meta(labels, "pod_uid", from.uid);
  add_object(labels, "pod", from);
  add_meta(labels, "pod_controller_kind", from.controller_kind);
  add_meta(labels, "pod_controller_name", from.controller_name);
  if (from.controller_kind == "ReplicaSet" && attach.deployment)
    add_meta(labels, "pod_deployment_name", controller_of(Kind::replica_set, from, "Deployment", around));
  if (from.controller_kind != "Job") return;
  if (attach.job) add_meta(labels, "pod_job_name", from.controller_name);
  if (attach.cron_job) add_meta(labels, "pod_cronjob_name", controller_of(Kind::job, from, "CronJob", around));
}

void add_container_port(TargetLabels& labels, const Container& container, const ContainerPort& port, std::string_view protocol) {
  const auto set = [&](std::string_view name, std::string value) {
    if (value.empty()) {
      labels.erase(meta(name));  // of a container before
    } else {
      labels.insert_or_assign(meta(name), std::move(value));
    }
  };
  set("pod_container_name", container.name);
  set("pod_container_image", container.image);
  set("pod_container_port_name", port.name);
  set("pod_container_port_number", std::to_string(port.number));
  set("pod_container_port_protocol", std::string(protocol));
  set("pod_container_init", text_of(container.init));
}

void PodsBehind::add(TargetLabels& labels, const TargetRef& target, const std::optional<int64_t>& port, std::string_view protocol,
                     bool own_protocol) {
  if (target.kind != "Pod") return;
  const ObjectPtr object = around_.find(Kind::pod, target.name_space, target.name);
  if (object == nullptr) return;
  const auto& pod = std::get<Pod>(object->body);
  const auto [known, is_new] = index_.try_emplace(object->meta.key(), seen_.size());
  if (is_new) seen_.push_back({object, {}});
  add_pod(labels, object->meta, pod, attach_, around_);
  if (!port) return;
  seen_[known->second].ports.insert(*port);
  for (const Container& container : pod.containers) {
    const auto its = std::ranges::find(container.ports, *port, &ContainerPort::number);
    if (its != container.ports.end()) add_container_port(labels, container, *its, own_protocol ? its->protocol : protocol);
  }
}

void PodsBehind::add_other_ports(const TargetLabels& common, TargetSink& out) const {
  for (const Seen& seen : seen_) {
    const auto& pod = std::get<Pod>(seen.object->body);
    if (pod.ip.empty()) continue;  // it begins, or was evicted
    for (const Container& container : pod.containers) {
      for (const ContainerPort& port : container.ports) {
        if (seen.ports.contains(port.number)) continue;
        TargetLabels labels = common;
        labels.insert_or_assign("__address__", discovery::join_host_port(pod.ip, std::to_string(port.number)));
        add_container_port(labels, container, port, port.protocol);
        add_pod(labels, seen.object->meta, pod, attach_, around_);
        if (!out.add(std::move(labels))) return;
      }
    }
  }
}

}  // namespace tarsier::discover_kubernetes

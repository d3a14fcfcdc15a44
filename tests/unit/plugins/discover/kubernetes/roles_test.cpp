// Objects as the API server gives them, and all labels of their targets; __meta_kubernetes_ is left out of names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include <boost/json.hpp>

#include "plugins/discover/kubernetes/roles/role.hpp"

namespace tarsier::discover_kubernetes {
namespace {

using testing::ElementsAre;

ObjectPtr object_of(Kind kind, std::string_view json) { return read_object(kind, boost::json::parse(json).as_object()); }

class RolesTest : public testing::Test, protected Surroundings {
 protected:
  void have(Kind kind, std::string_view json) {
    ObjectPtr object = object_of(kind, json);
    objects_[{kind, object->meta.key()}] = object;
  }
  ObjectPtr find(Kind kind, const std::string& name_space, const std::string& name) override {
    const auto found = objects_.find({kind, name_space.empty() ? name : name_space + "/" + name});
    return found == objects_.end() ? nullptr : found->second;
  }
  std::vector<TargetLabels> targets(Kind role, std::string_view json) {
    TargetSink sink;
    add_targets(role, *object_of(role, json), attach_, *this, sink);
    return sink.targets();
  }
  /// One line a target: "address a=1 b=2"
  std::vector<std::string> lines(Kind role, std::string_view json) {
    std::vector<std::string> lines;
    for (const TargetLabels& labels : targets(role, json)) {
      const auto address = labels.find("__address__");
      std::string& line = lines.emplace_back(address == labels.end() ? "" : address->second);
      for (const auto& [name, value] : labels) {
        constexpr std::string_view kPrefix = "__meta_kubernetes_";
        if (name != "__address__")
          line.append(" ").append(name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name).append("=").append(value);
      }
    }
    return lines;
  }
  Attach attach_;
  std::map<std::pair<Kind, std::string>, ObjectPtr> objects_;
};

constexpr std::string_view kPod = R"({
  "kind": "Pod", "apiVersion": "v1",
  "metadata": {"name": "web-1", "namespace": "shop", "uid": "abc123", "resourceVersion": "7", "generateName": "web-",
    "labels": {"app.kubernetes.io/name": "web", "empty": ""}, "annotations": {"prometheus.io/scrape": "true"},
    "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-rs", "uid": "r", "controller": true, "blockOwnerDeletion": true}]},
  "spec": {"nodeName": "node1", "serviceAccountName": "default",
    "initContainers": [{"name": "setup", "image": "setup:1", "ports": [{"name": "once", "containerPort": 7000, "protocol": "TCP"}]}],
    "containers": [
      {"name": "app", "image": "app:2", "ports": [{"name": "http", "containerPort": 9000, "protocol": "TCP"},
                                                  {"name": "dns", "containerPort": 9001, "protocol": "UDP", "hostPort": 53}]},
      {"name": "sidecar", "image": "sidecar:3"}]},
  "status": {"phase": "Running", "podIP": "10.1.2.3", "podIPs": [{"ip": "10.1.2.3"}], "hostIP": "192.168.0.7",
    "conditions": [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "True", "lastProbeTime": null}],
    "containerStatuses": [{"name": "sidecar", "containerID": "containerd://s1", "ready": true}, {"name": "app", "containerID": "containerd://a1"}],
    "initContainerStatuses": [{"name": "setup", "containerID": "containerd://i1"}]}})";

const std::string kPodLabels =
    " pod_controller_kind=ReplicaSet pod_controller_name=web-rs pod_host_ip=192.168.0.7 pod_ip=10.1.2.3"
    " pod_label_app_kubernetes_io_name=web pod_labelpresent_app_kubernetes_io_name=true pod_labelpresent_empty=true"
    " pod_name=web-1 pod_node_name=node1 pod_phase=Running pod_ready=true pod_uid=abc123";

TEST_F(RolesTest, APodHasATargetForEachPortOfEachContainer) {
  const std::string before =
      " namespace=shop pod_annotation_prometheus_io_scrape=true pod_annotationpresent_prometheus_io_scrape=true";
  EXPECT_THAT(
      lines(Kind::pod, kPod),
      ElementsAre(
          "10.1.2.3:9000" + before +
              " pod_container_id=containerd://a1 pod_container_image=app:2 pod_container_init=false pod_container_name=app"
              " pod_container_port_name=http pod_container_port_number=9000 pod_container_port_protocol=TCP" +
              kPodLabels,
          "10.1.2.3:9001" + before +
              " pod_container_id=containerd://a1 pod_container_image=app:2 pod_container_init=false pod_container_name=app"
              " pod_container_port_name=dns pod_container_port_number=9001 pod_container_port_protocol=UDP" +
              kPodLabels,
          "10.1.2.3" + before +
              " pod_container_id=containerd://s1 pod_container_image=sidecar:3 pod_container_init=false"
              " pod_container_name=sidecar" +
              kPodLabels,
          "10.1.2.3:7000" + before +
              " pod_container_id=containerd://i1 pod_container_image=setup:1 pod_container_init=true pod_container_name=setup"
              " pod_container_port_name=once pod_container_port_number=7000 pod_container_port_protocol=TCP" +
              kPodLabels));
}

TEST_F(RolesTest, APodWithoutAnAddressHasNoTargets) {
  EXPECT_THAT(
      lines(Kind::pod, R"({"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c"}]}, "status": {"phase": "Pending"}})"),
      ElementsAre());
}

TEST_F(RolesTest, APodWhoseReadinessNobodyKnowsAndWithIPv6) {
  EXPECT_THAT(lines(Kind::pod, R"({"metadata": {"name": "a", "namespace": "n"}, "status": {"podIP": "fd00::1"},
                                  "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}})"),
              ElementsAre("[fd00::1]:80 namespace=n pod_container_init=false pod_container_name=c pod_container_port_number=80"
                          " pod_ip=fd00::1 pod_name=a pod_ready=unknown"));
}

TEST_F(RolesTest, EachCharacterThatNoLabelMayHaveBecomesOneThatItMay) {
  const auto labels =
      targets(Kind::service, R"({"metadata": {"name": "a", "namespace": "n", "labels": {"\u00e4-b/c.d": "1", "\ud83d\ude00": "2"}},
      "spec": {"ports": [{"port": 1}]}})")
          .at(0);
  EXPECT_EQ(labels.at("__meta_kubernetes_service_label___b_c_d"), "1");
  EXPECT_EQ(labels.at("__meta_kubernetes_service_label__"), "2");
}

TEST_F(RolesTest, PodsGetTheLabelsOfNodeAndNamespaceAndTheNamesOfTheirOwners) {
  attach_ = {true, true, true, true, true};
  EXPECT_THAT(lines(Kind::pod, kPod), ElementsAre()) << "its node is not among those that are looked at";
  have(Kind::node, R"({"metadata": {"name": "node1", "labels": {"zone": "a"}, "annotations": {"x": "y"}}})");
  have(Kind::name_space, R"({"metadata": {"name": "shop", "labels": {"team": "blue"}}})");
  have(Kind::replica_set, R"({"metadata": {"name": "web-rs", "namespace": "shop",
                             "ownerReferences": [{"kind": "Deployment", "name": "web", "controller": true}]}})");
  const auto labels = targets(Kind::pod, kPod).at(0);
  EXPECT_EQ(labels.at("__meta_kubernetes_node_name"), "node1");
  EXPECT_EQ(labels.at("__meta_kubernetes_node_label_zone"), "a");
  EXPECT_EQ(labels.at("__meta_kubernetes_node_labelpresent_zone"), "true");
  EXPECT_EQ(labels.at("__meta_kubernetes_node_annotation_x"), "y");
  EXPECT_EQ(labels.at("__meta_kubernetes_namespace_label_team"), "blue");
  EXPECT_FALSE(labels.contains("__meta_kubernetes_namespace_name"));
  EXPECT_EQ(labels.at("__meta_kubernetes_pod_deployment_name"), "web");
  EXPECT_FALSE(labels.contains("__meta_kubernetes_node_provider_id"));
}

TEST_F(RolesTest, APodOfAJobSaysWhichCronJobBeganIt) {
  constexpr std::string_view kJobPod = R"({"metadata": {"name": "b-1", "namespace": "n",
      "ownerReferences": [{"kind": "Job", "name": "backup-28", "controller": true}]},
      "spec": {"containers": [{"name": "c"}]}, "status": {"podIP": "10.0.0.1"}})";
  have(Kind::job, R"({"metadata": {"name": "backup-28", "namespace": "n",
                     "ownerReferences": [{"kind": "CronJob", "name": "backup", "controller": true}]}})");
  EXPECT_FALSE(targets(Kind::pod, kJobPod).at(0).contains("__meta_kubernetes_pod_job_name"));
  attach_.job = attach_.cron_job = true;
  const auto labels = targets(Kind::pod, kJobPod).at(0);
  EXPECT_EQ(labels.at("__meta_kubernetes_pod_job_name"), "backup-28");
  EXPECT_EQ(labels.at("__meta_kubernetes_pod_cronjob_name"), "backup");
}

TEST_F(RolesTest, ANodeIsItsKubelet) {
  EXPECT_THAT(lines(Kind::node, R"({"metadata": {"name": "node1", "labels": {"a-b": "c"}, "annotations": {"d": "e"}},
      "spec": {"providerID": "aws:///i-0", "podCIDR": "10.2.0.0/24"},
      "status": {"addresses": [{"type": "Hostname", "address": "h"}, {"type": "InternalIP", "address": "1.2.3.4"},
                               {"type": "InternalIP", "address": "fd00::4"}, {"type": "ExternalIP", "address": "5.6.7.8"}],
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "MemoryPressure", "status": "Unknown"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}}})"),
              ElementsAre("1.2.3.4:10250 node_address_ExternalIP=5.6.7.8 node_address_Hostname=h node_address_InternalIP=1.2.3.4"
                          " node_annotation_d=e node_annotationpresent_d=true node_condition_memorypressure=unknown"
                          " node_condition_ready=true node_label_a_b=c node_labelpresent_a_b=true node_name=node1"
                          " node_provider_id=aws:///i-0 instance=node1"));
}

TEST_F(RolesTest, ANodeIsReachedAtTheBestOfItsAddresses) {
  const auto address = [this](const std::string& addresses) {
    const auto found = lines(Kind::node, R"({"metadata": {"name": "n"}, "status": {"addresses": [)" + addresses + "]}}");
    return found.empty() ? "none" : found.front().substr(0, found.front().find(' '));
  };
  EXPECT_EQ(address(R"({"type": "Hostname", "address": "h"}, {"type": "ExternalIP", "address": "9.9.9.9"})"), "9.9.9.9:0");
  EXPECT_EQ(address(R"({"type": "ExternalDNS", "address": "d"}, {"type": "InternalDNS", "address": "i"})"), "i:0");
  EXPECT_EQ(address(R"({"type": "Hostname", "address": "h"}, {"type": "LegacyHostIP", "address": "8.8.8.8"})"), "8.8.8.8:0");
  EXPECT_EQ(address(R"({"type": "Strange", "address": "h"})"), "none");
}

TEST_F(RolesTest, AServiceHasATargetForEachPort) {
  EXPECT_THAT(lines(Kind::service,
                    R"({"metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}, "annotations": {"a": "b"}},
      "spec": {"type": "ClusterIP", "clusterIP": "10.0.0.1", "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"},
                                                                      {"name": "dns", "port": 53, "protocol": "UDP"}]},
      "status": {"loadBalancer": {}}})"),
              ElementsAre("web.shop.svc:80 namespace=shop service_annotation_a=b service_annotationpresent_a=true"
                          " service_cluster_ip=10.0.0.1 service_label_app=web service_labelpresent_app=true service_name=web"
                          " service_port_name=http service_port_number=80 service_port_protocol=TCP service_type=ClusterIP",
                          "web.shop.svc:53 namespace=shop service_annotation_a=b service_annotationpresent_a=true"
                          " service_cluster_ip=10.0.0.1 service_label_app=web service_labelpresent_app=true service_name=web"
                          " service_port_name=dns service_port_number=53 service_port_protocol=UDP service_type=ClusterIP"));
}

TEST_F(RolesTest, ServicesOutsideAndWithALoadBalancer) {
  EXPECT_THAT(lines(Kind::service, R"({"metadata": {"name": "x", "namespace": "n"},
      "spec": {"type": "ExternalName", "externalName": "FooExternalName", "clusterIP": "", "ports": [{"port": 1, "protocol": "TCP"}]}})"),
              ElementsAre("x.n.svc:1 namespace=n service_external_name=FooExternalName service_name=x service_port_number=1"
                          " service_port_protocol=TCP service_type=ExternalName"));
  const auto ips = [this](const std::string& spec, const std::string& status) {
    return targets(Kind::service,
                   R"({"metadata": {"name": "x", "namespace": "n"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 1}])" +
                       spec + R"(}, "status": {)" + status + "}}")
        .at(0)["__meta_kubernetes_service_loadbalancer_ip"];
  };
  EXPECT_EQ(ips(R"(, "loadBalancerIP": "127.0.0.1")", ""), "127.0.0.1");
  EXPECT_EQ(ips(R"(, "loadBalancerIP": "127.0.0.1")",
                R"("loadBalancer": {"ingress": [{"ip": "1.1.1.1"}, {"hostname": "h"}, {"ip": "2.2.2.2"}]})"),
            "1.1.1.1,2.2.2.2");
  EXPECT_EQ(ips("", ""), "");
}

constexpr std::string_view kEndpoints =
    R"({"kind": "Endpoints", "metadata": {"name": "web", "namespace": "shop", "labels": {"l": "v"}},
  "subsets": [
    {"addresses": [{"ip": "10.1.2.3", "hostname": "h1", "nodeName": "node1", "targetRef": {"kind": "Pod", "name": "web-1", "namespace": "shop"}}],
     "notReadyAddresses": [{"ip": "10.1.2.4"}],
     "ports": [{"name": "http", "port": 9000, "protocol": "TCP"}]},
    {"addresses": [{"ip": "6.7.8.9", "targetRef": {"kind": "Node", "name": "bar"}}], "ports": [{"name": "tls", "port": 9002, "protocol": "TCP"}]}]})";

TEST_F(RolesTest, EndpointsHaveATargetForEachAddressAndPort) {
  EXPECT_THAT(lines(Kind::endpoints, kEndpoints),
              ElementsAre("10.1.2.3:9000 endpoint_address_target_kind=Pod endpoint_address_target_name=web-1 endpoint_hostname=h1"
                          " endpoint_node_name=node1 endpoint_port_name=http endpoint_port_protocol=TCP endpoint_ready=true"
                          " endpoints_label_l=v endpoints_labelpresent_l=true endpoints_name=web namespace=shop",
                          "10.1.2.4:9000 endpoint_port_name=http endpoint_port_protocol=TCP endpoint_ready=false"
                          " endpoints_label_l=v endpoints_labelpresent_l=true endpoints_name=web namespace=shop",
                          "6.7.8.9:9002 endpoint_address_target_kind=Node endpoint_address_target_name=bar endpoint_port_name=tls"
                          " endpoint_port_protocol=TCP endpoint_ready=true endpoints_label_l=v endpoints_labelpresent_l=true"
                          " endpoints_name=web namespace=shop"));
}

TEST_F(RolesTest, EndpointsOfPodsHaveTheirLabelsAndTheirOtherPorts) {
  have(Kind::pod, kPod);
  have(Kind::service, R"({"metadata": {"name": "web", "namespace": "shop", "labels": {"s": "t"}}, "spec": {"type": "ClusterIP"}})");
  const auto found = targets(Kind::endpoints, kEndpoints);
  ASSERT_EQ(found.size(), 5U) << "two other ports: of the container that an address names, and of the init container";
  EXPECT_EQ(found[0].at("__meta_kubernetes_pod_name"), "web-1");
  EXPECT_EQ(found[0].at("__meta_kubernetes_pod_container_name"), "app");
  EXPECT_EQ(found[0].at("__meta_kubernetes_pod_container_port_name"), "http");
  EXPECT_EQ(found[0].at("__meta_kubernetes_pod_container_init"), "false");
  EXPECT_FALSE(found[0].contains("__meta_kubernetes_pod_container_id"));
  EXPECT_EQ(found[0].at("__meta_kubernetes_service_name"), "web");
  EXPECT_EQ(found[0].at("__meta_kubernetes_service_label_s"), "t");
  EXPECT_FALSE(found[0].contains("__meta_kubernetes_service_type"));
  EXPECT_FALSE(found[1].contains("__meta_kubernetes_pod_name"));
  EXPECT_EQ(found[3].at("__address__"), "10.1.2.3:9001");
  EXPECT_EQ(found[3].at("__meta_kubernetes_pod_container_port_protocol"), "UDP");
  EXPECT_EQ(found[3].at("__meta_kubernetes_endpoints_name"), "web");
  EXPECT_EQ(found[3].at("__meta_kubernetes_pod_ready"), "true");
  EXPECT_FALSE(found[3].contains("__meta_kubernetes_endpoint_ready"));
  EXPECT_EQ(found[4].at("__address__"), "10.1.2.3:7000");
  EXPECT_EQ(found[4].at("__meta_kubernetes_pod_container_init"), "true");
}

TEST_F(RolesTest, EndpointsGetTheLabelsOfTheNodeThatTheyAreOn) {
  attach_.node = true;
  have(Kind::node, R"({"metadata": {"name": "node1", "labels": {"zone": "a"}}})");
  have(Kind::node, R"({"metadata": {"name": "bar", "labels": {"zone": "b"}}})");
  const auto found = targets(Kind::endpoints, kEndpoints);
  EXPECT_EQ(found[0].at("__meta_kubernetes_node_label_zone"), "a");
  EXPECT_FALSE(found[1].contains("__meta_kubernetes_node_name"));
  EXPECT_EQ(found[2].at("__meta_kubernetes_node_label_zone"), "b");
}

constexpr std::string_view kSlice = R"({"kind": "EndpointSlice", "addressType": "IPv4",
  "metadata": {"name": "web-abc", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
  "ports": [{"name": "http", "port": 9000, "protocol": "TCP", "appProtocol": "http"}, {"name": "any", "port": null, "protocol": "TCP"}],
  "endpoints": [{"addresses": ["10.1.2.3"], "conditions": {"ready": true, "serving": true, "terminating": false},
                 "hostname": "h1", "nodeName": "node1", "zone": "us-east-1a", "targetRef": {"kind": "Pod", "name": "web-1", "namespace": "shop"},
                 "deprecatedTopology": {"kubernetes.io/hostname": "node1"}},
                {"addresses": ["10.1.2.4"], "conditions": {}}]})";

TEST_F(RolesTest, ASliceHasATargetForEachAddressAndPort) {
  const std::string common =
      " endpointslice_label_kubernetes_io_service_name=web"
      " endpointslice_labelpresent_kubernetes_io_service_name=true endpointslice_name=web-abc";
  const std::string first =
      " endpointslice_address_target_kind=Pod endpointslice_address_target_name=web-1 endpointslice_address_type=IPv4"
      " endpointslice_endpoint_conditions_ready=true endpointslice_endpoint_conditions_serving=true"
      " endpointslice_endpoint_conditions_terminating=false endpointslice_endpoint_hostname=h1"
      " endpointslice_endpoint_node_name=node1 endpointslice_endpoint_topology_kubernetes_io_hostname=node1"
      " endpointslice_endpoint_topology_present_kubernetes_io_hostname=true endpointslice_endpoint_zone=us-east-1a" +
      common;
  const std::string http =
      " endpointslice_port=9000 endpointslice_port_app_protocol=http endpointslice_port_name=http"
      " endpointslice_port_protocol=TCP namespace=shop";
  const std::string any = " endpointslice_port_name=any endpointslice_port_protocol=TCP namespace=shop";
  EXPECT_THAT(lines(Kind::endpointslice, kSlice), ElementsAre("10.1.2.3:9000" + first + http, "10.1.2.3" + first + any,
                                                              "10.1.2.4:9000 endpointslice_address_type=IPv4" + common + http,
                                                              "10.1.2.4 endpointslice_address_type=IPv4" + common + any));
}

TEST_F(RolesTest, SlicesOfPodsHaveTheirLabelsAndTheirOtherPorts) {
  have(Kind::pod, kPod);
  have(Kind::service, R"({"metadata": {"name": "web", "namespace": "shop"}})");
  const auto found = targets(Kind::endpointslice, kSlice);
  ASSERT_EQ(found.size(), 6U);
  EXPECT_EQ(found[0].at("__meta_kubernetes_pod_container_port_protocol"), "TCP");
  EXPECT_EQ(found[0].at("__meta_kubernetes_service_name"), "web");
  EXPECT_EQ(found[1].at("__meta_kubernetes_pod_name"), "web-1");
  EXPECT_FALSE(found[1].contains("__meta_kubernetes_pod_container_name"));
  EXPECT_EQ(found[4].at("__address__"), "10.1.2.3:9001");
  EXPECT_EQ(found[5].at("__address__"), "10.1.2.3:7000");
}

TEST_F(RolesTest, OfAServiceWithTwoFamiliesOnlyTheFirstIsTaken) {
  const auto count = [this](const std::string& spec) {
    have(Kind::service, R"({"metadata": {"name": "web", "namespace": "shop"}, "spec": {)" + spec + "}}");
    return targets(Kind::endpointslice, kSlice).size();
  };
  EXPECT_EQ(count(R"("ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv6", "IPv4"])"), 0U);
  EXPECT_EQ(count(R"("ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv4", "IPv6"])"), 4U);
  EXPECT_EQ(count(R"("ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv6"])"), 4U);
  EXPECT_EQ(count(""), 4U);
}

TEST_F(RolesTest, AnIngressHasATargetForEachPathOfEachRule) {
  EXPECT_THAT(lines(Kind::ingress, R"({"metadata": {"name": "i", "namespace": "n", "labels": {"a": "b"}},
      "spec": {"ingressClassName": "nginx", "tls": [{"hosts": ["*.example.com"], "secretName": "s"}, {"secretName": "t"}],
        "rules": [{"host": "test.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix"}, {"path": "/foo"}, {}]}},
                  {"host": "a.test.example.com"}, {"host": "nopath.example.com", "http": {"paths": []}}]}})"),
              ElementsAre("test.example.com ingress_class_name=nginx ingress_host=test.example.com ingress_label_a=b"
                          " ingress_labelpresent_a=true ingress_name=i ingress_path=/ ingress_scheme=https namespace=n",
                          "test.example.com ingress_class_name=nginx ingress_host=test.example.com ingress_label_a=b"
                          " ingress_labelpresent_a=true ingress_name=i ingress_path=/foo ingress_scheme=https namespace=n",
                          "test.example.com ingress_class_name=nginx ingress_host=test.example.com ingress_label_a=b"
                          " ingress_labelpresent_a=true ingress_name=i ingress_path=/ ingress_scheme=https namespace=n",
                          "a.test.example.com ingress_class_name=nginx ingress_host=a.test.example.com ingress_label_a=b"
                          " ingress_labelpresent_a=true ingress_name=i ingress_path=/ ingress_scheme=http namespace=n"));
}

TEST_F(RolesTest, OneObjectDoesNotBecomeMoreTargetsThanAreTaken) {
  std::string addresses, ports;
  for (int i = 0; i < 1000; ++i) addresses += (i == 0 ? "" : ",") + std::string(R"({"ip": "10.0.0.1"})");
  for (int i = 0; i < 200; ++i) ports += (i == 0 ? R"({"port": )" : R"(,{"port": )") + std::to_string(i) + "}";
  TargetSink sink;
  add_targets(Kind::endpoints,
              *object_of(Kind::endpoints, R"({"metadata": {"name": "e"}, "subsets": [{"addresses": [)" + addresses +
                                              R"(], "ports": [)" + ports + "]}]}"),
              attach_, *this, sink);
  EXPECT_TRUE(sink.is_full());
  EXPECT_EQ(sink.targets().size(), TargetSink::kMaxTargets);
}

}  // namespace
}  // namespace tarsier::discover_kubernetes

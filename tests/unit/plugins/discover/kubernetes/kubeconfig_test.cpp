#include "plugins/discover/kubernetes/api/kubeconfig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/lib/http/base64.hpp"

namespace tarsier::discover_kubernetes {
namespace {

using testing::HasSubstr;

/// A kubeconfig with these lines in its cluster and its user.
std::string kubeconfig(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\npreferences: {}\ncurrent-context: here\n"
         "clusters:\n- name: other\n  cluster: {server: 'https://no'}\n- name: c\n  cluster: {" +
         cluster +
         "}\n"
         "users:\n- name: other\n  user: {token: no}\n- name: u\n  user: {" +
         user +
         "}\n"
         "contexts:\n- name: there\n  context: {cluster: other, user: other}\n- name: here\n  context: {cluster: c, user: u, "
         "namespace: n}\n";
}

std::string refused(const std::string& text) {
  const auto access = parse_kubeconfig(text, "/k");
  return access ? "taken" : access.error().message();
}

TEST(Kubeconfig, TheCurrentContextSaysWhichClusterAndUser) {
  const auto access = parse_kubeconfig(
      kubeconfig("server: 'https://k8s:6443/', certificate-authority: ca.pem, tls-server-name: n, proxy-url: 'http://p:3128'",
                 "token: s3cret, client-certificate: /abs/c.pem, client-key: keys/k.pem"),
      "/home/me/.kube");
  ASSERT_TRUE(access.ok()) << access.error().message();
  EXPECT_EQ(access->server, "https://k8s:6443");
  const auto& client = access->http.client;
  EXPECT_EQ(client.tls.ca_file, "/home/me/.kube/ca.pem");
  EXPECT_EQ(client.tls.server_name, "n");
  EXPECT_EQ(client.proxy.url, "http://p:3128");
  EXPECT_EQ(client.tls.cert_file, "/abs/c.pem");
  EXPECT_EQ(client.tls.key_file, "/home/me/.kube/keys/k.pem");
  EXPECT_EQ(*client.authorization.header(), "Bearer s3cret");
  EXPECT_FALSE(client.tls.insecure_skip_verify);
}

TEST(Kubeconfig, DataComesBeforeFiles) {
  const auto access = parse_kubeconfig(
      kubeconfig("server: 'https://k8s', insecure-skip-tls-verify: true, certificate-authority: ca, certificate-authority-data: " +
                     net::base64("the ca\n"),
                 "client-certificate-data: " + net::base64("the cert") + ", client-key-data: " + net::base64("the key") +
                     ", client-certificate: c, client-key: k"),
      "/k");
  ASSERT_TRUE(access.ok()) << access.error().message();
  const auto& tls = access->http.client.tls;
  EXPECT_EQ(tls.ca, "the ca\n");
  EXPECT_EQ(tls.cert, "the cert");
  EXPECT_EQ(tls.key, "the key");
  EXPECT_EQ(tls.ca_file + tls.cert_file + tls.key_file, "");
  EXPECT_TRUE(tls.insecure_skip_verify);
}

TEST(Kubeconfig, ATokenFileComesBeforeATokenAndThatBeforeAPassword) {
  const auto file = parse_kubeconfig(kubeconfig("server: 'https://k'", "tokenFile: t, token: s"), "/k");
  EXPECT_EQ(file->http.client.authorization.file, "/k/t");
  EXPECT_EQ(file->http.client.authorization.type, "Bearer");
  const auto basic = parse_kubeconfig(kubeconfig("server: 'https://k'", "username: me, password: pw"), "/k");
  EXPECT_EQ(*basic->http.client.authorization.header(), "Basic bWU6cHc=");
}

TEST(Kubeconfig, AContextNeedsNoUser) {
  const auto access = parse_kubeconfig(
      "current-context: a\nclusters: [{name: c, cluster: {server: 'http://k:8080'}}]\ncontexts: [{name: a, context: {cluster: "
      "c}}]\n",
      "");
  ASSERT_TRUE(access.ok()) << access.error().message();
  EXPECT_EQ(access->server, "http://k:8080");
}

TEST(Kubeconfig, ProgramsThatGiveCredentialsAreRefused) {
  EXPECT_THAT(refused(kubeconfig("server: 'https://k'", "exec: {command: aws}")),
              HasSubstr("user 'u': exec is not supported: have the program write a token to a file, and name that as tokenFile"));
  EXPECT_THAT(refused(kubeconfig("server: 'https://k'", "auth-provider: {name: gcp}")),
              HasSubstr("auth-provider is not supported"));
  EXPECT_THAT(refused(kubeconfig("server: 'https://k'", "as: admin")), HasSubstr("as is not supported"));
}

TEST(Kubeconfig, WhatIsMissingOrMalformedIsNamed) {
  EXPECT_THAT(refused(""), HasSubstr("expected a kubeconfig"));
  EXPECT_THAT(refused("[]"), HasSubstr("expected a kubeconfig"));
  EXPECT_THAT(refused("a: ["), HasSubstr("line "));
  EXPECT_THAT(refused("clusters: []"), HasSubstr("current-context is not set"));
  EXPECT_THAT(refused("current-context: x"), HasSubstr("contexts has no 'x'"));
  EXPECT_THAT(refused("current-context: x\ncontexts: [{name: x, context: {cluster: y}}]"), HasSubstr("clusters has no 'y'"));
  EXPECT_THAT(refused("current-context: x\ncontexts: [{name: x, context: {cluster: y, user: z}}]\n"
                      "clusters: [{name: y, cluster: {server: 'https://k'}}]"),
              HasSubstr("users has no 'z'"));
  EXPECT_THAT(refused(kubeconfig("server: k8s", "")), HasSubstr("'k8s' is no http:// or https:// address"));
  EXPECT_THAT(refused(kubeconfig("server: 'https://k', certificate-authority-data: '***'", "")), HasSubstr("is not base64"));
  EXPECT_THAT(refused(kubeconfig("server: 'https://k'", "client-certificate: c")), HasSubstr("only one"));
  EXPECT_THAT(refused(kubeconfig("server: 'https://k'", "token: \"a\\nb\"")), HasSubstr("control bytes"));
  EXPECT_EQ(refused(kubeconfig("server: 'https://k'", "token: \"a\\nb\"")).find("a\nb"), std::string::npos) << "it is a secret";
}

TEST(Base64, IsReadWithLineBreaksAndWithoutPadding) {
  for (const std::string& text :
       {std::string(), std::string("a"), std::string("ab"), std::string("abc"), std::string("\0\xff\x80", 3)})
    EXPECT_EQ(net::from_base64(net::base64(text)), text);
  EXPECT_EQ(net::from_base64("YW\nJj\r\n"), "abc");
  EXPECT_EQ(net::from_base64("YQ"), "a");
  EXPECT_EQ(net::from_base64("Y"), std::nullopt);
  EXPECT_EQ(net::from_base64("Y=Q="), std::nullopt);
  EXPECT_EQ(net::from_base64("YQ="), std::nullopt);
  EXPECT_EQ(net::from_base64("Y!=="), std::nullopt);
}

}  // namespace
}  // namespace tarsier::discover_kubernetes

// What is proposed in a pod, and beside a kubeconfig.
#include "plugins/discover/kubernetes/suggestion.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>

#include "tests/unit/sdk/one_answer.hpp"

namespace tarsier::discover_kubernetes {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class KubernetesSuggestion : public testing::Test {
 protected:
  KubernetesSuggestion() { std::filesystem::create_directories(folder_); }
  ~KubernetesSuggestion() override {
    for (const char* name : {"KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "KUBECONFIG"}) ::unsetenv(name);
    std::filesystem::remove_all(folder_);
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  std::string kubeconfig(const std::string& server, const std::string& more = "") const {
    return write("config",
                 "current-context: it\ncontexts: [{name: it, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: '" +
                     server + "'" + more + "}}]\n");
  }
  static void in_cluster() {
    ::setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
    ::setenv("KUBERNETES_SERVICE_PORT", "443", 1);
  }
  const std::string folder_ = testing::TempDir() + "kubernetes_suggestion_" + std::to_string(::getpid());
};

TEST_F(KubernetesSuggestion, IsOfPodsAndNodesInAPod) {
  in_cluster();
  write("token", "t");
  write("ca.crt", "c");
  const auto found = suggest_own_cluster(folder_);
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].why, "the environment names the API server https://10.96.0.1:443, and " + folder_ + " has a token");
  EXPECT_THAT(found[0].toml, HasSubstr("role = \"pod\""));
  EXPECT_THAT(found[1].toml, HasSubstr("credentials_file = \"" + folder_ + "/token\""));
  EXPECT_THAT(found[1].known_by, ElementsAre("node"));
}

TEST_F(KubernetesSuggestion, IsNotMadeOutsideOfPodsOrWithoutAToken) {
  write("ca.crt", "c");
  write("token", "t");
  EXPECT_THAT(suggest_own_cluster(folder_), IsEmpty());
  in_cluster();
  write("token", "");
  EXPECT_THAT(suggest_own_cluster(folder_), IsEmpty());
}

TEST_F(KubernetesSuggestion, IsMadeForAKubeconfigWhoseServerListens) {
  test::OneAnswer server("");
  const std::string path = kubeconfig("https://" + server.address + "/k8s");
  const auto found = suggest_kubeconfig(path);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->why, "the file's current context is of https://" + server.address + "/k8s, and somebody listens there");
  EXPECT_THAT(found->toml, HasSubstr("kubeconfig_file = \"" + path + "\""));
  EXPECT_THAT(found->known_by, testing::Contains(path));
}

TEST_F(KubernetesSuggestion, IsNotMadeForAKubeconfigThatIsOfNoUse) {
  EXPECT_FALSE(suggest_kubeconfig(folder_ + "/absent"));
  EXPECT_FALSE(suggest_kubeconfig(write("config", "clusters: []\n")));
  EXPECT_FALSE(suggest_kubeconfig(kubeconfig("https://127.0.0.1:1")));
}

TEST_F(KubernetesSuggestion, SaysNoMoreThanTheFileOfAServerBehindAProxy) {
  const auto found = suggest_kubeconfig(kubeconfig("https://127.0.0.1:1", ", proxy-url: 'http://127.0.0.1:2'"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->why, "the file's current context is of https://127.0.0.1:1, behind a proxy");
}

TEST_F(KubernetesSuggestion, LooksWhereKubectlLooks) {
  ::setenv("KUBECONFIG", "/a/b::/c/d", 1);
  EXPECT_THAT(kubeconfig_paths(), ElementsAre("/a/b", "/c/d"));
  ::unsetenv("KUBECONFIG");
  EXPECT_THAT(kubeconfig_paths(), ElementsAre(std::string(std::getenv("HOME")) + "/.kube/config"));
}

}  // namespace
}  // namespace tarsier::discover_kubernetes

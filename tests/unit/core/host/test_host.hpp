// A Host in a temporary directory, with its loop on a thread of its own, as the tests of the life cycle drive it.
#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <unistd.h>

#include "core/host/control.hpp"
#include "core/host/host.hpp"
#include "fixtures/probe.h"
#include "gtest/gtest.h"

namespace tarsier::host::test {

class TestHost {
 public:
  TestHost() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tarsier-host-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
    std::filesystem::create_directories(path_ / "plugins");
    std::filesystem::create_directories(path_ / "conf.d");
    deadlines.call = deadlines.stop = deadlines.drain = std::chrono::seconds(10);
  }
  ~TestHost() {
    stop();
    std::filesystem::remove_all(path_);
  }
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  std::string path(const std::string& name) const { return path_ / name; }
  /// As an installer does it: a new file, moved into place.
  void install(const std::string& fixture, const std::string& as) {
    const auto target = path_ / "plugins" / (as + ".so");
    std::filesystem::copy_file(std::string(HOST_FIXTURES) + "/" + fixture + ".so", target.string() + ".new");
    std::filesystem::rename(target.string() + ".new", target);
  }
  /// As `cp` does it: over the file that is there.
  void overwrite(const std::string& fixture, const std::string& as) { write("plugins/" + as + ".so", fixture_content(fixture)); }
  static std::string fixture_content(const std::string& fixture) {
    return content(std::string(HOST_FIXTURES) + "/" + fixture + ".so");
  }
  std::string read(const std::string& name) const { return content(path(name)); }
  void remove(const std::string& name) { std::filesystem::remove(path_ / name); }
  void write(const std::string& name, const std::string& content) { std::ofstream(path_ / name) << content; }
  void open_gate() { write("gate", "open"); }
  /// The main file: [host] and these sections.
  void configure(const std::string& sections) {
    write("tarsier.toml",
          "[host]\ndata_dir = \"data\"\nplugin_dirs = [\"plugins\"]\ninclude = [\"conf.d/*.toml\"]\nlog.level = \"error\"\n" +
              sections);
  }

  std::string start(bool watch = false) {
    HostOptions options;
    options.desired.config_file = path("tarsier.toml");
    options.deadlines = deadlines;
    options.watch = watch;
    options.process = false;
    auto host = Host::start(std::move(options));
    if (!host) return host.error().message();
    host_ = std::move(host).value();
    thread_ = std::thread([this] { exit_code_ = host_->run(); });
    return {};
  }
  int stop() {
    if (host_ == nullptr) return exit_code_;
    open_gate();
    host_->stop();
    thread_.join();
    if (owner_) host_->rooms().services->forget(*owner_);
    host_.reset();
    owner_.reset();
    return exit_code_;
  }
  ApplyReport reload() { return host_->reload(); }
  Host& host() { return *host_; }

  EntryView entry(const std::string& name) {
    for (EntryView& view : host_->lifecycle().view()) {
      if (view.name == name) return std::move(view);
    }
    EntryView none;
    none.reason = "there is no " + name;
    return none;
  }
  State state(const std::string& name) { return entry(name).state; }

  /// Calls the probe of an instance; nullopt when it is not there.
  template <class Call>
  auto probe(const std::string& instance, Call call) -> std::optional<decltype(call(std::declval<const test_probe&>()))> {
    if (!owner_) owner_.emplace("test", "test", true);
    ServiceRegistry& services = *host_->rooms().services;
    tarsier_service_ref* ref = services.reference(*owner_, std::string(TEST_PROBE_SERVICE) + "@" + instance);
    const auto* table = static_cast<const test_probe*>(ServiceRegistry::acquire(*ref, nullptr));
    if (table == nullptr) return std::nullopt;
    auto answer = call(*table);
    ServiceRegistry::release(*ref);
    return answer;
  }
  std::optional<int64_t> value(const std::string& instance) {
    return probe(instance, [](const test_probe& table) { return table.value(table.self); });
  }
  std::string version(const std::string& instance) {
    return probe(instance, [](const test_probe& table) { return std::string(table.version); }).value_or("none");
  }

  /// Waits for a condition that comes by itself.
  template <class Condition>
  static bool eventually(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  Deadlines deadlines;

 private:
  static std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::filesystem::path path_;
  std::unique_ptr<Host> host_;
  std::thread thread_;
  std::optional<Owner> owner_;
  int exit_code_ = 0;
};

}  // namespace tarsier::host::test

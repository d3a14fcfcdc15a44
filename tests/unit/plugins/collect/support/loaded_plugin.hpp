// A plugin file loaded as the host does it, with one instance.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <string>

#include "tests/unit/plugins/collect/support/fake_config.hpp"
#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::fake {

class LoadedPlugin {
 public:
  LoadedPlugin(const FakeHost& host, const char* file) : file_(::dlopen(file, RTLD_NOW | RTLD_LOCAL)) {
    if (file_ == nullptr) bug(::dlerror());
    const auto query = reinterpret_cast<tarsier_module_query_fn>(::dlsym(file_, TARSIER_MODULE_QUERY));
    if (query == nullptr) bug("no tarsier_module_query");
    plugin_ = query(TARSIER_ABI_MAJOR)->plugins[0];
    instance_ = plugin_->create(host.raw(), str("test"), nullptr);
  }
  LoadedPlugin(const LoadedPlugin&) = delete;
  LoadedPlugin& operator=(const LoadedPlugin&) = delete;
  ~LoadedPlugin() {
    plugin_->destroy(instance_);
    ::dlclose(file_);
  }

  /// "" or the error.
  std::string configure(const Node& node) {
    return call([&](tarsier_error* e) { return plugin_->configure(instance_, node.raw(), e); });
  }
  std::string reconfigure(const Node& node) {
    return call([&](tarsier_error* e) { return plugin_->reconfigure(instance_, node.raw(), e); });
  }
  std::string start() {
    return call([&](tarsier_error* e) { return plugin_->start(instance_, e); });
  }
  const void* service(const char* name) const { return plugin_->get_service(instance_, name); }
  std::string stop() {
    return call([&](tarsier_error* e) { return plugin_->stop(instance_, INT64_MAX, e); });
  }

 private:
  template <class Body>
  static std::string call(Body&& body) {
    tarsier_error error = empty_error();
    return body(&error) == TARSIER_OK ? std::string() : std::string(error.message, error.message_size);
  }
  void* file_;
  const tarsier_plugin* plugin_ = nullptr;
  tarsier_instance* instance_ = nullptr;
};

}  // namespace tarsier::fake

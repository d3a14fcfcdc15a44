// tarsier/plugin.hpp - writing a plugin in C++: derive from Plugin, describe it, and end the file with TARSIER_PLUGIN. Exceptions
// that a method throws become errors with the plugin's name; they never cross into the host.
#pragma once

#include <array>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "config.hpp"
#include "host.hpp"
#include "result.hpp"
#include "suggest.hpp"

namespace tarsier {

/// One instance of a plugin. All methods are [ctl], one at a time (abi/module.h says what each may do).
class Plugin {
 public:
  explicit Plugin(const tarsier_host* raw) noexcept : host_(raw) {}
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  virtual ~Plugin() = default;

  /// Checks and keeps the configuration; starts nothing.
  virtual Result<void> configure(const Config& config) = 0;
  virtual Result<void> start() = 0;
  /// Applies a new configuration while running, whole or not at all. As it is here, the host replaces the instance instead.
  virtual Result<void> reconfigure(const Config&) { return Error(TARSIER_UNSUPPORTED, "needs a restart of the instance"); }
  /// A successor runs beside this instance; those who hold something in this one are about to be started again with the successor.
  /// Take nothing new from outside, and return when what was begun has been answered. stop follows.
  virtual Result<void> hand_over(int64_t /*deadline_ns*/) { return {}; }
  /// The host has already cancelled timers, subscriptions and routes.
  virtual Result<void> stop(int64_t /*deadline_ns*/) { return {}; }
  /// [any] The table of an offered service, or nullptr.
  virtual const void* service(std::string_view /*name*/) { return nullptr; }
  // Optional, by its name: `static Result<void> suggest(const Suggestions& to)`: what of the plugin would be of use on this
  // machine. There is no instance and no host then (tarsier/suggest.hpp).

  Host& host() noexcept { return host_; }
  const Host& host() const noexcept { return host_; }

 private:
  Host host_;
};

// ---- description -------------------------------------------------------------------------------------------------------------

constexpr tarsier_config_key key(const char* path, tarsier_key_type type, const char* default_value, const char* doc,
                                 const char* choices = nullptr, uint32_t flags = 0) {
  return {sizeof(tarsier_config_key), type, flags, 0, path, default_value, choices, doc};
}
constexpr tarsier_need need(const char* name) { return {sizeof(tarsier_need), 0, name}; }
constexpr tarsier_need optional_need(const char* name) { return {sizeof(tarsier_need), TARSIER_NEED_OPTIONAL, name}; }
constexpr tarsier_offer offer(const char* name, uint32_t flags = 0) { return {sizeof(tarsier_offer), flags, name}; }

namespace detail {

template <class T, size_t N>
constexpr std::array<const T*, N + 1> pointers(const T (&items)[N]) {
  std::array<const T*, N + 1> table{};
  for (size_t i = 0; i < N; ++i) table[i] = &items[i];
  return table;
}

inline tarsier_instance* handle(Plugin* plugin) noexcept { return reinterpret_cast<tarsier_instance*>(plugin); }
inline Plugin& plugin(tarsier_instance* self) noexcept { return *reinterpret_cast<Plugin*>(self); }

/// Runs one method; an exception becomes INTERNAL with its text.
template <class Body>
tarsier_status guard(tarsier_error* error, Body&& body) noexcept {
  try {
    return body().to_c(error);
  } catch (const std::exception& thrown) {
    return Error::internal(std::string("exception: ") + thrown.what()).to_c(error);
  } catch (...) {
    return Error::internal("exception of an unknown type").to_c(error);
  }
}

template <class P>
tarsier_instance* create(const tarsier_host* host, tarsier_str, tarsier_error* error) noexcept {
  P* made = nullptr;
  (void)guard(error, [&]() -> Result<void> {
    made = new P(host);
    return {};
  });
  return made == nullptr ? nullptr : handle(made);
}
inline tarsier_status configure(tarsier_instance* self, const tarsier_config_node* node, tarsier_error* error) noexcept {
  return guard(error, [&]() -> Result<void> {
    Plugin& target = plugin(self);
    if (auto attached = target.host().attach(); !attached) return attached;
    return target.configure(Config(target.host(), node));
  });
}
inline tarsier_status start(tarsier_instance* self, tarsier_error* error) noexcept {
  return guard(error, [&] { return plugin(self).start(); });
}
inline tarsier_status reconfigure(tarsier_instance* self, const tarsier_config_node* node, tarsier_error* error) noexcept {
  return guard(error, [&] { return plugin(self).reconfigure(Config(plugin(self).host(), node)); });
}
inline tarsier_status stop(tarsier_instance* self, int64_t deadline_ns, tarsier_error* error) noexcept {
  return guard(error, [&] { return plugin(self).stop(deadline_ns); });
}
inline tarsier_status hand_over(tarsier_instance* self, int64_t deadline_ns, tarsier_error* error) noexcept {
  return guard(error, [&] { return plugin(self).hand_over(deadline_ns); });
}
template <class P>
tarsier_status suggest(const tarsier_suggestions* to, tarsier_error* error) noexcept {
  return guard(error, [&] { return P::suggest(Suggestions(*to)); });
}
template <class P>
constexpr auto suggest_of() -> tarsier_status (*)(const tarsier_suggestions*, tarsier_error*) {
  if constexpr (requires(const Suggestions& to) { P::suggest(to); }) {
    return suggest<P>;
  } else {
    return nullptr;
  }
}
inline void destroy(tarsier_instance* self) noexcept { delete &plugin(self); }
inline const void* service(tarsier_instance* self, const char* name) noexcept {
  const void* table = nullptr;
  (void)guard(nullptr, [&]() -> Result<void> {
    table = plugin(self).service(name);
    return {};
  });
  return table;
}

}  // namespace detail

/// What the host knows of a plugin before it makes an instance. The arrays are static and constant, ending in nullptr.
struct Description {
  const char* id;
  const char* version;
  const char* summary;
  const char* const* kinds;
  const tarsier_config_key* const* keys = nullptr;
  const tarsier_need* const* needs = nullptr;
  const tarsier_offer* const* offers = nullptr;
  const char* sample_toml;
  uint32_t flags = 0;
};

template <class P>
constexpr tarsier_plugin describe(const Description& d) {
  return {sizeof(tarsier_plugin),
          d.flags,
          d.id,
          d.version,
          d.summary,
          d.kinds,
          d.needs,
          d.offers,
          d.keys,
          d.sample_toml,
          detail::create<P>,
          detail::configure,
          detail::start,
          detail::reconfigure,
          detail::stop,
          detail::destroy,
          detail::service,
          std::is_same_v<decltype(&P::hand_over), decltype(&Plugin::hand_over)> ? nullptr : detail::hand_over,
          detail::suggest_of<P>()};
}

}  // namespace tarsier

/// A static table of pointers to the elements of a static constexpr array, as Description wants it.
#define TARSIER_TABLE(name, items) static constexpr auto name = ::tarsier::detail::pointers(items)

/// Ends a plugin file: `plugin` is a static constexpr tarsier_plugin made by describe(); the literals must equal its description.
#define TARSIER_PLUGIN_NAMED(plugin, id, kinds, version, former_ids)                                                    \
  TARSIER_NOTE_FULL(id, kinds, version, former_ids, 0);                                                                 \
  extern "C" TARSIER_EXPORT const tarsier_module* tarsier_module_query(uint32_t abi_major);                             \
  extern "C" TARSIER_EXPORT const tarsier_module* tarsier_module_query(uint32_t abi_major) {                            \
    static constexpr const tarsier_plugin* kPlugins[] = {&(plugin), nullptr};                                           \
    static constexpr tarsier_module kModule = {sizeof(tarsier_module), TARSIER_ABI_MAJOR, TARSIER_ABI_MINOR, kPlugins}; \
    return abi_major == TARSIER_ABI_MAJOR ? &kModule : nullptr;                                                         \
  }
#define TARSIER_PLUGIN(plugin, id, kinds, version) TARSIER_PLUGIN_NAMED(plugin, id, kinds, version, "")

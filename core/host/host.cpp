#include "core/host/host.hpp"

#include "core/host/host_impl.hpp"

namespace tarsier::host {

Host::Host(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Host::~Host() = default;

Result<std::unique_ptr<Host>> Host::start(HostOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (auto started = impl->start(); !started) return std::move(started).error();
  return std::unique_ptr<Host>(new Host(std::move(impl)));
}

int Host::run() { return impl_->run(); }
void Host::stop() { impl_->ask_to_stop(); }
ApplyReport Host::reload() { return impl_->reload_and_wait(); }
Control& Host::control() noexcept { return *impl_->control; }
Rooms& Host::rooms() noexcept { return impl_->rooms; }
const Lifecycle& Host::lifecycle() const noexcept { return *impl_->lifecycle; }

}  // namespace tarsier::host

static const char modinfo[] __attribute__((section(".modinfo"), used)) = "license=GPL\0name=my_module\0vermagic=6.1.0-test SMP ";

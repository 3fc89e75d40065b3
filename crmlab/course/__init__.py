"""The course machine: lesson sources in, executed notebooks out, and the checks that keep the two in step."""
